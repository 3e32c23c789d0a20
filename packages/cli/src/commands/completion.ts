import type { Command } from 'commander';
import { commandTree } from '../command-tree.ts';
import { completionScript } from '../completion/index.ts';
import type { Shell } from '../completion/shell.ts';
import type { Context } from '../context.ts';

/** `evio completion SHELL`: prints the script that lets a shell complete this command line. */
export function completion({ output }: Context, shell: Shell, program: Command): void {
  output.print(completionScript(shell, commandTree(program)).trimEnd());
}
