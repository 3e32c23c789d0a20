/** What the pages tell one to type: every `evio` command and option exists. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerHubCommands } from '@evio/hub';
import { type Command, CommanderError } from 'commander';
import { buildProgram } from '../../packages/cli/src/index.ts';
import { createOutput } from '../../packages/cli/src/output.ts';
import { blocksOf, pages, proseOf } from './pages.ts';

let said = '';
const silent = {
  write: (text: string) => {
    said += text;
  },
};

/** The whole command line, with commands that do nothing. */
function idleProgram(): Command {
  const output = createOutput({ stdout: silent, stderr: silent, environment: {} });
  const program = buildProgram(
    { output, environment: {}, fail: () => undefined },
    registerHubCommands,
  );
  const still = (command: Command): void => {
    if (command.commands.length === 0) command.action(() => undefined);
    for (const each of command.commands) still(each);
  };
  still(program);
  return program;
}

/** Words of a command line up to a comment, a pipe or the next command; quotes are taken off. */
function wordsOf(line: string): string[] {
  const words = line.match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
  const end = words.findIndex(word => /^(#|\||&&|\|\||;|>.*|2>.*)/.test(word));
  return words
    .slice(0, end < 0 ? undefined : end)
    .map(word => word.replaceAll(/^['"]|['";]$/g, ''));
}

/** What a command that is only mentioned may lack. */
const ARGUMENTS: ReadonlySet<string> = new Set([
  'commander.help', // `evio hub`, without one of its commands
  'commander.missingArgument',
  'commander.missingMandatoryOptionValue',
  'commander.optionMissingArgument',
]);

/** @returns what is wrong with it; undefined when nothing is. */
async function complaint(line: string, whole: boolean): Promise<string | undefined> {
  said = '';
  try {
    await idleProgram().parseAsync(wordsOf(line).slice(1), { from: 'user' });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0 || (!whole && ARGUMENTS.has(error.code))) return undefined;
    return `${line}: ${said.trim().split('\n')[0]}`;
  }
}

/** Lines of shell blocks, and commands within them after `&&` or `;`. */
function typed(page: ReturnType<typeof pages>[number]): string[] {
  return blocksOf(page)
    .filter(({ info }) => /^sh\b/.test(info))
    .flatMap(({ content }) => content.replaceAll('\\\n', ' ').split('\n'))
    .flatMap(line => line.split(/&& |; /))
    .map(line => line.trim())
    .filter(line => line.startsWith('evio '));
}

/** `evio …` in running text; with an ellipsis or alternatives it is a manner of speaking. */
function mentioned(page: ReturnType<typeof pages>[number]): string[] {
  return [...proseOf(page).matchAll(/`(evio [^`]+)`/g)]
    .map(([, line = '']) => line.replaceAll(/\s+/g, ' '))
    .flatMap(line => line.split(/ && /))
    .filter(line => line.startsWith('evio ') && !/…(?!')|\\?\|/.test(line));
}

for (const page of pages()) {
  test(`the commands of ${page.path} exist, with their options`, async () => {
    const complaints: (string | undefined)[] = [];
    for (const line of typed(page)) complaints.push(await complaint(line, true));
    for (const line of mentioned(page)) complaints.push(await complaint(line, false));
    assert.deepEqual(
      complaints.filter(each => each !== undefined),
      [],
    );
  });
}
