import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { withLock } from './lock.ts';

test('one at a time, and free again after an error', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'evio-lock-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const lock = join(dir, '.lock');
  let inside = 0;
  const enter = (each: number) =>
    withLock(lock, async () => {
      assert.equal(++inside, 1);
      await new Promise(resolve => setImmediate(resolve));
      inside--;
      return each;
    });
  assert.deepEqual(await Promise.all([1, 2, 3].map(enter)), [1, 2, 3]);
  await assert.rejects(
    withLock(lock, () => {
      throw new RangeError('inner');
    }),
    RangeError,
  );
  assert.equal(await enter(4), 4);
});
