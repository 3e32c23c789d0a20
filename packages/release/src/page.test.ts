import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bundledPackages } from './bundled-package.ts';
import { builtPage, pageInputs, pages } from './page.ts';

const MANIFEST = { version: '1.2.3', license: 'MIT', main: 'index.js', sideEffects: false };

/** A repository with one page, which takes something of `graph`, and that of `events`. */
const FILES = {
  'packages/agent/package.json': '{}',
  'packages/show/index.html': '<script type="module" src="/src/main.ts"></script>',
  'packages/show/src/main.ts':
    "import { draw } from 'graph'; import { unused } from 'unused'; draw(document.body);",
  'node_modules/graph/package.json': JSON.stringify({ ...MANIFEST, name: 'graph' }),
  'node_modules/graph/index.js':
    "import { on } from '@all/events'; export const draw = body => on(body);",
  'node_modules/graph/LICENSE.txt': 'MIT License\n\nCopyright (c) 2026 Graph',
  'node_modules/@all/events/package.json': JSON.stringify({ ...MANIFEST, name: '@all/events' }),
  'node_modules/@all/events/index.js': 'export const on = body => body.append("on");',
  'node_modules/unused/package.json': JSON.stringify({ ...MANIFEST, name: 'unused' }),
  'node_modules/unused/index.js': 'export const unused = 1;',
};

function repository(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'evio-page-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [file, content] of Object.entries(FILES)) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), content);
  }
  return root;
}

test('the packages in a page are those of which it has something, with their licences', async t => {
  const root = repository(t);
  const [page, ...more] = pages(root);
  assert.ok(page);
  assert.deepEqual([page, more], [{ name: 'show', scripts: ['packages/show/src/main.ts'] }, []]);
  const parts = [
    { files: 'show/*', inputs: await pageInputs(page, root) },
    { files: '*.mjs', inputs: ['packages/agent/src/agent.ts', 'node_modules/graph/index.js'] },
  ];
  const rest = { version: '1.2.3', license: 'MIT' };
  assert.deepEqual(bundledPackages(parts, root), [
    { ...rest, name: '@all/events', licenseText: undefined, files: ['show/*'] },
    {
      ...rest,
      name: 'graph',
      licenseText: 'MIT License\n\nCopyright (c) 2026 Graph',
      files: ['show/*', '*.mjs'],
    },
  ]);
});

test('a page that was not built is told, with the way to build it', t => {
  const root = repository(t);
  const page = { name: 'show', scripts: [] };
  assert.throws(() => builtPage(page, root), {
    code: 'RELEASE_FAILED',
    message: /packages\/cli\/dist\/show; sh test\/setup\.sh makes it/,
  });
  mkdirSync(join(root, 'packages/cli/dist/show'), { recursive: true });
  writeFileSync(join(root, 'packages/cli/dist/show/index.html'), '');
  assert.equal(builtPage(page, root), join(root, 'packages/cli/dist/show'));
});
