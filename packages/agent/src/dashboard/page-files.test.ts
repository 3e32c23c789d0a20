import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadPageFiles } from './page-files.ts';

test('files are found by their path, each with its type; the page itself is /', t => {
  const directory = mkdtempSync(join(tmpdir(), 'evio-page-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'assets', 'deep.js'), { recursive: true });
  for (const name of [
    'index.html',
    'icon.svg',
    'assets/app.js',
    'assets/deep.js/app.css',
    'assets/app.js.map',
    'README',
  ]) {
    writeFileSync(join(directory, name), name);
  }
  const files = [...loadPageFiles(['/nowhere', directory])].map(([path, { type, content }]) => [
    path,
    type,
    Buffer.from(content).toString(),
  ]);
  assert.deepEqual(files.sort(), [
    ['/', 'text/html; charset=utf-8', 'index.html'],
    ['/assets/app.js', 'text/javascript; charset=utf-8', 'assets/app.js'],
    ['/assets/deep.js/app.css', 'text/css; charset=utf-8', 'assets/deep.js/app.css'],
    ['/icon.svg', 'image/svg+xml', 'icon.svg'],
  ]);
});

test('without the page, the error says where it was expected', () => {
  assert.throws(() => loadPageFiles(['/nowhere/dashboard/', '/neither/']), {
    code: 'DASHBOARD_MISSING',
    message: /expected it in \/nowhere\/dashboard\//,
  });
});
