/**
 * Completions for shells, written from the command tree.
 *
 * Each script does the same: it walks the words typed so far down the tree (`evio hub init`), then
 * offers what can stand there: the value of the option before, the commands, the options.
 *
 * @example
 * completionScript('bash', commandTree(program)); // for: source <(evio completion bash)
 */
import type { CommandNode } from '../command-tree.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import type { Shell } from './shell.ts';
import { zshCompletion } from './zsh.ts';

const WRITERS: Readonly<Record<Shell, (tree: CommandNode) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export function completionScript(shell: Shell, tree: CommandNode): string {
  return WRITERS[shell](tree);
}
