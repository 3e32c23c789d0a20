import { allCommands, type CommandNode, type OptionNode, type Value } from '../command-tree.ts';

export function fishCompletion(tree: CommandNode): string {
  const commands = allCommands(tree);
  const deeper = commands.slice(1).map(({ path }) => quote(path));
  return `# fish completion for evio; written by: evio completion fish
function __evio_at
    set -l at evio
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
            case ${deeper.join(' ')}
                set at "$at $word"
        end
    end
    test "$at" = "$argv"
end
complete -c evio -f
${commands.flatMap(linesOf).join('\n')}
`;
}

/** In single quotes fish knows two escapes. */
const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function linesOf(node: CommandNode): string[] {
  const here = `complete -c evio -n ${quote(`__evio_at ${node.path}`)}`;
  return [
    ...node.commands.map(
      ({ name, description }) => `${here} -a ${quote(name)} -d ${quote(description)}`,
    ),
    ...node.arguments.slice(0, 1).flatMap(({ value }) => {
      const source = valueSource(value);
      return source === '' ? [] : [`${here} ${source}`];
    }),
    ...node.options.map(option => `${here} ${spelling(option)} -d ${quote(option.description)}`),
  ];
}

function spelling({ long, short, value }: OptionNode): string {
  const flags = [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
  ];
  return value === undefined
    ? flags.join(' ')
    : `${flags.join(' ')} -r ${valueSource(value)}`.trim();
}

function valueSource(value: Value): string {
  switch (value.kind) {
    case 'choice':
      return `-f -a ${quote(value.choices.join(' '))}`;
    case 'file':
      return '-F';
    case 'directory':
      return "-f -a '(__fish_complete_directories)'";
    case 'node':
    case 'account':
    case 'overlay':
      return `-f -a '(evio names ${value.kind} 2>/dev/null)'`;
    case 'other':
      return '';
    default:
      return value satisfies never;
  }
}
