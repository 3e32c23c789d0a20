/** Every configuration that a page shows is one that the agent takes. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkShape } from '../../packages/agent/src/config/shape.ts';
import { YamlSource } from '../../packages/agent/src/config/yaml-source.ts';
import { ROOT } from '../lab/paths.ts';
import { blocksOf, pages } from './pages.ts';

test('the configurations in the pages have no mistake', () => {
  const shown = pages()
    .flatMap(blocksOf)
    .filter(({ info }) => info === 'yaml evio.yaml');
  assert.ok(shown.length >= 5);
  for (const { page, line, content } of shown) {
    const source = new YamlSource(`${page}:${line}`, content);
    assert.deepEqual([...source.problems, ...checkShape(source).problems], []);
  }
});

test('the messages in the tables of the how-to pages are messages of ours', () => {
  const sources = [
    ...['packages/cli/src', 'packages/agent/src', 'packages/hub/src', 'packages/signaling/src'],
    ...['packages/session/src', 'packages/types/src'],
  ];
  const code = sources.map(folder => sourceOf(folder)).join('\n');
  for (const page of pages().filter(({ path }) => path.startsWith('docs/howto/'))) {
    for (const [, table = ''] of page.text.matchAll(
      /^\| message [^\n]*\n\|[- |]+\n((?:\|[^\n]*\n)+)/gm,
    )) {
      for (const [, message = ''] of table.matchAll(/^\| `([^`]+)`/gm)) {
        assert.ok(code.includes(message), `${page.path}: ${message}`);
      }
    }
  }
});

/** The code of a folder; texts that are broken over lines are joined. */
function sourceOf(folder: string): string {
  return globSync(`${folder}/**/*.ts`, { cwd: ROOT })
    .map(file => readFileSync(join(ROOT, file), 'utf8'))
    .join('\n')
    .replaceAll(/['`"] \+\s+['`"]/g, '');
}
