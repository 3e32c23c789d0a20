/** Every link of every page leads somewhere: to a file that is there, and a heading in it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../lab/paths.ts';
import { type Page, pages, proseOf } from './pages.ts';

const all = new Map(pages().map(page => [page.path, page]));

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: Page): Set<string> {
  const headings = [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  const anchors = new Set<string>();
  for (const heading of headings) {
    let anchor = heading;
    for (let copy = 1; anchors.has(anchor); copy++) anchor = `${heading}-${copy}`;
    anchors.add(anchor);
  }
  return anchors;
}

function brokenLinks(page: Page): string[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter(link => {
    if (/^https?:\/\//.test(link)) return false; // no test leaves the machine
    const [file = '', anchor] = link.split('#', 2);
    const path = file === '' ? page.path : normalize(join(dirname(page.path), file));
    if (path.startsWith('..') || !existsSync(join(ROOT, path))) return true;
    const target = all.get(path);
    return anchor !== undefined && target !== undefined && !anchorsOf(target).has(anchor);
  });
}

for (const page of all.values()) {
  test(`the links of ${page.path} lead somewhere`, () => {
    assert.deepEqual(brokenLinks(page), []);
  });
}

test('every page can be reached from README.md', () => {
  const reached = new Set<string>();
  const follow = (path: string): void => {
    const page = all.get(path);
    if (page === undefined || reached.has(path)) return;
    reached.add(path);
    for (const [, file = ''] of proseOf(page).matchAll(/\]\(([^)\s#]+)/g)) {
      follow(normalize(join(dirname(path), file)));
    }
  };
  follow('README.md');
  assert.deepEqual(
    [...all.keys()].filter(path => !reached.has(path)),
    [],
  );
});
