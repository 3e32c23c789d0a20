import { allCommands, type CommandNode, type Value } from '../command-tree.ts';
import { quote } from './quote.ts';

/** For a folder of `fpath`, and for `source`. */
export function zshCompletion(tree: CommandNode): string {
  const commands = allCommands(tree);
  const deeper = commands.slice(1).map(({ path }) => quote(path));
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap(({ long, short, value }) =>
      value === undefined
        ? []
        : [long, short].flatMap(flag =>
            flag === undefined
              ? []
              : [`    ${quote(`${path} ${flag}`)}) ${complete(value)}; return ;;`],
          ),
    ),
  );
  const places = commands.map(node => `    ${quote(node.path)})\n${offer(node)}\n      ;;`);
  return `#compdef evio
# zsh completion for evio; written by: evio completion zsh
# What the agent names: words without a colon, each with a tab and what it stands for.
_evio_names() {
  local -a offered
  # Not in quotes, so that nothing is no word.
  offered=(\${(f)"$(evio names $1 2>/dev/null)"})
  offered=("\${(@)offered/$'\\t'/:}")
  _describe $1 offered
}
_evio() {
  local at=evio index
  local -a offered
  for ((index = 2; index < CURRENT; index++)); do
    case "$at $words[index]" in
      ${deeper.join(' | \\\n      ')})
        at="$at $words[index]" ;;
    esac
  done
  case "$at $words[CURRENT-1]" in
${values.join('\n')}
  esac
  case $at in
${places.join('\n')}
  esac
}
if [[ $funcstack[1] == _evio ]]; then _evio "$@"; else compdef _evio evio; fi
`;
}

function complete(value: Value): string {
  switch (value.kind) {
    case 'choice':
      return `compadd -- ${value.choices.map(quote).join(' ')}`;
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
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

/** `_describe` takes `NAME:DESCRIPTION`. */
function described(name: string, description: string): string {
  return quote(`${name.replaceAll(':', '\\:')}:${description.replaceAll(':', '\\:')}`);
}

function offer({ arguments: [argument], commands, options }: CommandNode): string {
  const flags = options.flatMap(({ long, description }) =>
    long === undefined ? [] : [described(long, description)],
  );
  const names = commands.map(({ name, description }) => described(name, description));
  const lines = [];
  if (names.length > 0) lines.push(`offered=(${names.join(' ')})`, '_describe command offered');
  if (argument !== undefined) lines.push(complete(argument.value));
  lines.push(`offered=(${flags.join(' ')})`, '_describe -o option offered');
  return lines.map(line => `      ${line}`).join('\n');
}
