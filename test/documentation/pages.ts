import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../lab/paths.ts';

/** A page of the documentation. */
export interface Page {
  /** From the repository's root: `docs/howto/upgrade.md`. */
  readonly path: string;
  readonly text: string;
}

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** 1-based, of its first line of content. */
  readonly line: number;
  /** What follows the fence: `sh`, `yaml evio.yaml`. */
  readonly info: string;
  readonly content: string;
}

/** Every page: README.md and what is under docs/. */
export function pages(): Page[] {
  return ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT }).sort()].map(path => ({
    path,
    text: readFileSync(join(ROOT, path), 'utf8'),
  }));
}

/** The fenced blocks of a page. */
export function blocksOf({ path, text }: Page): Block[] {
  return [...text.matchAll(/^```([^\n`]*)\n(.*?)^```$/gms)].map(
    ({ index, 1: info, 2: content }) => ({
      page: path,
      line: text.slice(0, index).split('\n').length + 1,
      info: info ?? '',
      content: content ?? '',
    }),
  );
}

/** The page without its fenced blocks. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(/^```.*?^```$/gms, '');
}
