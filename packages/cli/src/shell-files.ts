import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completionScript } from './completion/index.ts';
import { SHELLS } from './completion/shell.ts';
import { writeManPages } from './man-directory.ts';
import { wholeTree } from './whole-program.ts';

/** Names under which each shell looks for completions, or of which packages make such. */
const COMPLETION_FILES = { bash: 'evio.bash', zsh: '_evio', fish: 'evio.fish' } as const;

/** Writes `man/` and `completions/` into a directory, for packages to install. */
export function writeShellFiles(directory: string): void {
  const completions = join(directory, 'completions');
  mkdirSync(completions, { recursive: true });
  writeManPages(join(directory, 'man'));
  const tree = wholeTree();
  for (const shell of SHELLS) {
    writeFileSync(join(completions, COMPLETION_FILES[shell]), completionScript(shell, tree));
  }
}
