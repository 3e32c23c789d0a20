import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyTree } from './copy-tree.ts';

test('a folder is copied with the folders in it, each file readable and none executable', t => {
  const place = mkdtempSync(join(tmpdir(), 'evio-copy-tree-'));
  t.after(() => rmSync(place, { recursive: true }));
  const from = join(place, 'from');
  const files = ['evio.mjs', 'dashboard/index.html', 'dashboard/assets/index-1a2b.js'];
  mkdirSync(join(from, 'dashboard/assets'), { recursive: true });
  for (const file of files) {
    writeFileSync(join(from, file), file);
    chmodSync(join(from, file), 0o755);
  }
  const to = join(place, 'deep', 'to');
  copyTree(from, to);
  for (const file of files) {
    assert.equal(readFileSync(join(to, file), 'utf8'), file);
    assert.equal(statSync(join(to, file)).mode & 0o777, 0o644);
  }
});
