import { allCommands, type CommandNode } from './command-tree.ts';

/** What a page says that `--help` does not. */
interface ManPageOptions {
  readonly version: string;
}

/**
 * The man pages, in the macros of man(7), from the tree of commands: `evio.1`, and one for each command
 * beneath it, such as `evio-hub.1` with all that can be asked of the hub. File name → text.
 */
export function manPages(tree: CommandNode, options: ManPageOptions): Map<string, string> {
  const pages = new Map([[`${tree.name}.1`, mainPage(tree, options)]]);
  for (const command of tree.commands) {
    pages.set(`${pageName(command)}.1`, commandPage(command, options));
  }
  return pages;
}

/** `evio hub` → `evio-hub`, as `man evio hub` looks for it too. */
function pageName({ path }: CommandNode): string {
  return path.replaceAll(' ', '-');
}

function mainPage(tree: CommandNode, options: ManPageOptions): string {
  return page(tree, options, [
    '.SH SYNOPSIS',
    '.B evio',
    '.I command',
    '[\\fIoptions\\fR]',
    '.SH OPTIONS',
    ...optionsOf(tree),
    '.SH COMMANDS',
    ...tree.commands.flatMap(command => item(reference(command), `${command.description}.`)),
    '.SH EXIT STATUS',
    ...item('0', 'Fine.'),
    ...item('1', 'Failed.'),
    ...item('2', 'Wrong usage or wrong configuration.'),
    '.SH ENVIRONMENT',
    ...item('EVIO_SOCKET', "The agent's control socket."),
    ...item('NO_COLOR', 'When set, nothing is coloured.'),
    '.SH FILES',
    ...item('/etc/evio/evio.yaml', 'The configuration.'),
    ...item('/run/evio/evio.sock', 'The control socket, for root and the group evio.'),
    ...item('/var/lib/evio', 'Identity and pinned keys.'),
    '.SH SEE ALSO',
    `${tree.commands.map(reference).map(roff).join(',\n')},`,
    '/usr/share/doc/evio',
  ]);
}

function commandPage(command: CommandNode, options: ManPageOptions): string {
  const ends = allCommands(command).filter(({ commands }) => commands.length === 0);
  const only = command.commands.length === 0;
  return page(command, options, [
    '.SH SYNOPSIS',
    ...ends.flatMap((end, index) => [...(index === 0 ? [] : ['.br']), ...synopsis(end)]),
    '.SH DESCRIPTION',
    `${roff(command.description)}.`,
    ...(only
      ? [...argumentsOf(command), '.SH OPTIONS', ...optionsOf(command)]
      : ['.SH COMMANDS', ...ends.flatMap(section)]),
    '.SH EXIT STATUS',
    '0 fine, 1 failed, 2 wrong usage or wrong configuration.',
    '.SH SEE ALSO',
    'evio(1), /usr/share/doc/evio/commands.md',
  ]);
}

function page(node: CommandNode, { version }: ManPageOptions, body: readonly string[]): string {
  const name = pageName(node);
  return `${[
    `.TH ${roff(name.toUpperCase())} 1 "" "evio ${roff(version)}" "User Commands"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(node.description)}`,
    ...body,
  ].join('\n')}\n`;
}

function synopsis({ path, arguments: args }: CommandNode): string[] {
  return [`.B ${roff(path)}`, ...args.map(({ term }) => `.I ${roff(term)}`), '[\\fIoptions\\fR]'];
}

function section(command: CommandNode): string[] {
  const { path, description, arguments: args } = command;
  const usage = [path, ...args.map(({ term }) => term)].join(' ');
  return [
    `.SS ${roff(usage)}`,
    `${roff(description)}.`,
    ...argumentsOf(command),
    ...optionsOf(command),
  ];
}

const argumentsOf = ({ arguments: args }: CommandNode) =>
  args.flatMap(({ term, description }) => item(term, description));

const optionsOf = ({ options }: CommandNode) =>
  options.flatMap(({ flags, description }) => item(flags, description));

const reference = (command: CommandNode) => `${pageName(command)}(1)`;

function item(term: string, text: string): string[] {
  return ['.TP', `.B ${roff(term)}`, roff(text)];
}

/** Text that roff prints as it is: no escape, no request, hyphens that can be copied. */
export function roff(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}
