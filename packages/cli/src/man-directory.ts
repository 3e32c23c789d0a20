import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manPagesOfProgram } from './whole-program.ts';

/** Writes the man pages into a directory of their own; those of former commands are removed. */
export function writeManPages(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of manPagesOfProgram()) writeFileSync(join(directory, name), text);
}
