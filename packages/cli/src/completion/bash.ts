import { allCommands, type CommandNode, type Value } from '../command-tree.ts';
import { quote } from './quote.ts';

/** Bash 4 and later. */
export function bashCompletion(tree: CommandNode): string {
  const commands = allCommands(tree);
  const deeper = commands.slice(1).map(({ path }) => quote(path));
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap(({ long, short, value }) =>
      value === undefined
        ? []
        : [
            `    ${spellings(path, long, short).map(quote).join(' | ')}) ${complete(value)}; return ;;`,
          ],
    ),
  );
  const places = commands.map(node => `    ${quote(node.path)}) ${offer(node)} ;;`);
  return `# bash completion for evio; written by: evio completion bash
# What the agent names. Not by compgen -W, which would run what is in the words.
_evio_names() {
  local word rest
  while IFS=$'\\t' read -r word rest; do
    [[ $word == "$current"* ]] && COMPREPLY+=("$word")
  done < <(evio names "$1" 2>/dev/null)
}
_evio() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local at=evio index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$at \${COMP_WORDS[index]}" in
      ${deeper.join(' | \\\n      ')})
        at="$at \${COMP_WORDS[index]}" ;;
    esac
  done
  COMPREPLY=()
  case "$at $previous" in
${values.join('\n')}
  esac
  case $at in
${places.join('\n')}
  esac
}
complete -F _evio evio
`;
}

function spellings(path: string, long?: string, short?: string): string[] {
  return [long, short].flatMap(flag => (flag === undefined ? [] : [`${path} ${flag}`]));
}

const reply = (source: string) => `mapfile -t COMPREPLY < <(compgen ${source} -- "$current")`;

function complete(value: Value): string {
  switch (value.kind) {
    case 'choice':
      return reply(`-W ${quote(value.choices.join(' '))}`);
    case 'file':
      return `compopt -o filenames; ${reply('-f')}`;
    case 'directory':
      return `compopt -o filenames; ${reply('-d')}`;
    case 'node':
    case 'account':
    case 'overlay':
      return `_evio_names ${value.kind}`;
    case 'other':
      return ':';
    default:
      return value satisfies never;
  }
}

/** Options once a dash is typed; else the commands, or what the first argument is made of. */
function offer({ arguments: [argument], commands, options }: CommandNode): string {
  const flags = options.flatMap(({ long }) => (long === undefined ? [] : [long]));
  const names = commands.map(({ name }) => name);
  const words =
    names.length > 0 || argument === undefined
      ? reply(`-W ${quote((names.length > 0 ? names : flags).join(' '))}`)
      : complete(argument.value);
  return `if [[ $current == -* ]]; then ${reply(`-W ${quote(flags.join(' '))}`)}; else ${words}; fi`;
}
