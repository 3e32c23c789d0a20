import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../lab/paths.ts';

/** A block of commands in a page, and where the page says to run it. */
export interface Commands {
  readonly host: string;
  readonly lines: readonly string[];
}

/** The commands of a page in their order: its blocks ` ```sh HOST `. */
export function commandsOf(page: string): Commands[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```sh ([\w-]+)\n([^`]*)```$/gm)].map(([, host = '', body = '']) => ({
    host,
    lines: body.trimEnd().split('\n'),
  }));
}
