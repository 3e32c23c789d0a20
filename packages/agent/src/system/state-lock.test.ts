import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { StateLock } from './state-lock.ts';

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'evio-state-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('a state directory belongs to one agent at a time, by whatever name it is called', async t => {
  const path = directory(t);
  const state = join(path, 'state');
  const lock = await StateLock.acquire(state);
  assert.equal(statSync(state).mode & 0o777, 0o700);
  symlinkSync(state, join(path, 'link'));
  await assert.rejects(StateLock.acquire(join(path, 'link')), { code: 'STATE_LOCKED' });
  await lock.release();
  await (await StateLock.acquire(state)).release();
});

test('a path that cannot be a directory is told', async t => {
  const file = join(directory(t), 'file');
  writeFileSync(file, '');
  await assert.rejects(StateLock.acquire(join(file, 'state')), { code: 'STATE_UNUSABLE' });
});
