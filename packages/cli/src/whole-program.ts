import { VERSION } from '@evio/agent/version';
import { registerHubCommands } from '@evio/hub';
import { type CommandNode, commandTree } from './command-tree.ts';
import { manPages } from './man-pages.ts';
import { createOutput } from './output.ts';
import { buildProgram } from './program.ts';

/** The tree of all commands, those of the hub included, to be read and not to be run. */
export function wholeTree(): CommandNode {
  const silent = { write: () => undefined };
  const output = createOutput({ stdout: silent, stderr: silent, environment: {} });
  const context = { output, environment: {}, fail: () => undefined };
  return commandTree(buildProgram(context, registerHubCommands));
}

/** What is in `docs/man/`: file name → text. */
export function manPagesOfProgram(): Map<string, string> {
  return manPages(wholeTree(), { version: VERSION });
}
