import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { removeOwned, writeOwned } from './owned-file.ts';

let dir = '';
let file = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'evio-owned-'));
  file = join(dir, 'file');
});
afterEach(() => rmSync(dir, { recursive: true }));

test('our own file is written anew, and left alone when nothing changed', () => {
  assert.equal(writeOwned(file, 'lua', 'a = 1\n', { mode: 0o640 }), true);
  assert.match(readFileSync(file, 'utf8'), /^-- Written by evio hub;.*\na = 1\n$/);
  assert.equal(statSync(file).mode & 0o777, 0o640);
  assert.equal(writeOwned(file, 'lua', 'a = 1\n', { mode: 0o640 }), false);
  assert.equal(writeOwned(file, 'lua', 'a = 2\n', { mode: 0o640 }), true);
  assert.deepEqual(readdirSync(dir), ['file']);
});

test('an edited file and one of others are refused, unless forced', () => {
  writeOwned(file, 'hash', 'a=1\n', { mode: 0o600 });
  for (const content of [`${readFileSync(file, 'utf8')}b=2\n`, 'theirs\n', '']) {
    writeFileSync(file, content);
    assert.throws(() => writeOwned(file, 'hash', 'a=2\n', { mode: 0o600 }), {
      code: 'FILE_NOT_OURS',
    });
    assert.equal(readFileSync(file, 'utf8'), content);
    assert.equal(removeOwned(file, 'hash'), false);
  }
  assert.equal(writeOwned(file, 'hash', 'a=2\n', { mode: 0o600, force: true }), true);
  assert.equal(removeOwned(file, 'hash'), true);
  assert.equal(removeOwned(file, 'hash'), true);
});
