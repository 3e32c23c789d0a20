import type { Argument, Command, Option } from 'commander';
import type { Named } from './completion/named.ts';

/**
 * The program as completions and the man pages need it. It is read by the same helper that writes
 * `--help`, so that all of them say the same.
 */
export interface CommandNode {
  /** From the program on: `evio hub init`. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly ArgumentNode[];
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
}

export interface ArgumentNode {
  /** As in usage lines: `<node>`. */
  readonly term: string;
  readonly description: string;
  readonly value: Value;
}

export interface OptionNode {
  /** As in `--help`: `-c, --count <n>`. */
  readonly flags: string;
  readonly long?: string;
  readonly short?: string;
  /** With its default, as `--help` says it. */
  readonly description: string;
  /** What must follow it; absent: nothing need. */
  readonly value?: Value;
}

/** What a value is made of, as far as a shell can complete it. */
export type Value =
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** What the running agent names. */
  | { readonly kind: Named }
  | { readonly kind: 'file' | 'directory' | 'other' };

/** By what stands between the angle brackets. */
const KINDS: Readonly<Record<string, 'file' | 'directory' | Named>> = {
  account: 'account',
  dir: 'directory',
  file: 'file',
  node: 'node',
  old: 'file',
  overlay: 'overlay',
  path: 'file',
};
/** The option of the commands that ask an agent; those of the hub name overlays of the hub. */
const AGENT_OVERLAY = '--overlay <name>';

/** The tree under a program, without hidden commands and commander's own `help`. */
export function commandTree(command: Command, above = ''): CommandNode {
  const help = command.createHelp();
  const path = `${above} ${command.name()}`.trim();
  return {
    path,
    name: command.name(),
    description: command.description(),
    arguments: command.registeredArguments.map(argument => ({
      term: help.argumentTerm(argument),
      description: help.argumentDescription(argument),
      value: kindOf(argument, argument.name()),
    })),
    options: help.visibleOptions(command).map(option => ({
      flags: option.flags,
      ...(option.long !== undefined && { long: option.long }),
      ...(option.short !== undefined && { short: option.short }),
      description: help.optionDescription(option),
      ...(option.required && { value: kindOf(option, placeholderOf(option)) }),
    })),
    commands: help
      .visibleCommands(command)
      .filter(each => each.name() !== 'help')
      .map(each => commandTree(each, path)),
  };
}

function placeholderOf({ flags }: Option): string {
  return flags === AGENT_OVERLAY ? 'overlay' : (/<([^>.]+)/.exec(flags)?.[1] ?? '');
}

function kindOf({ argChoices }: Argument | Option, placeholder: string): Value {
  if (argChoices !== undefined) return { kind: 'choice', choices: argChoices };
  return { kind: KINDS[placeholder] ?? 'other' };
}

/** A node and all beneath it, the upper ones first. */
export function allCommands(node: CommandNode): CommandNode[] {
  return [node, ...node.commands.flatMap(allCommands)];
}
