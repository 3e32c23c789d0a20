import { allCommands, type CommandNode } from './command-tree.ts';

/** What the page says that `--help` does not. */
interface ManPageOptions {
  readonly version: string;
}

/** `evio.1` in the macros of man(7), from the tree of commands. */
export function manPage(tree: CommandNode, { version }: ManPageOptions): string {
  const commands = allCommands(tree).filter(each => each.commands.length === 0);
  return `${[
    `.TH EVIO 1 "" "evio ${roff(version)}" "User Commands"`,
    '.SH NAME',
    `evio \\- ${roff(tree.description)}`,
    '.SH SYNOPSIS',
    '.B evio',
    '.I command',
    '[\\fIoptions\\fR]',
    '.SH OPTIONS',
    ...tree.options.flatMap(({ flags, description }) => item(flags, description)),
    '.SH COMMANDS',
    ...commands.flatMap(section),
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
    '/usr/share/doc/evio',
  ].join('\n')}\n`;
}

function section({ path, description, arguments: args, options }: CommandNode): string[] {
  const usage = [path, ...args.map(({ term }) => term)].join(' ');
  return [
    `.SS ${roff(usage)}`,
    `${roff(description)}.`,
    ...args.flatMap(({ term, description: text }) => item(term, text)),
    ...options.flatMap(({ flags, description: text }) => item(flags, text)),
  ];
}

function item(term: string, text: string): string[] {
  return ['.TP', `.B ${roff(term)}`, roff(text)];
}

/** Text that roff prints as it is: no escape, no request, hyphens that can be copied. */
export function roff(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}
