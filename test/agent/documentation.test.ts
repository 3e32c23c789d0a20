/** What is shipped beside the code says what the code does. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Command } from 'commander';
import {
  configSchema,
  configSchemaText,
  type SchemaNode,
} from '../../packages/agent/src/config/index.ts';
import { openApiText } from '../../packages/agent/src/control/openapi.ts';
import { OPERATIONS } from '../../packages/agent/src/control/operations.ts';
import { buildProgram } from '../../packages/cli/src/index.ts';
import { createOutput } from '../../packages/cli/src/output.ts';
import { wholeTree } from '../../packages/cli/src/whole-program.ts';

const root = new URL('../../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), 'utf8');

/** Every key of the schema as `overlays[].xmpp.jid`; of sections only what is in them. */
function keysOf(node: SchemaNode, path = ''): Map<string, SchemaNode> {
  const found = new Map<string, SchemaNode>();
  for (const [key, inner] of Object.entries(node.properties ?? {})) {
    const name = path === '' ? key : `${path}.${key}`;
    const nested = keysOf(inner, name);
    if (inner.items !== undefined)
      for (const each of keysOf(inner.items, `${name}[]`)) nested.set(...each);
    if (inner.properties === undefined) found.set(name, inner);
    for (const each of nested) found.set(...each);
  }
  return found;
}

/** Rows of all tables: first cell without its quotes, then the rest. */
function rowsOf(markdown: string): Map<string, readonly string[]> {
  const rows = markdown.split('\n').filter(line => line.startsWith('| `'));
  return new Map(
    rows.map(line => {
      const [key = '', ...rest] = line.split(/(?<!\\)\|/).slice(1, -1);
      return [key.trim().replaceAll('`', ''), rest.map(cell => cell.trim())] as const;
    }),
  );
}

test('config/evio.schema.json is the schema of the code (npm run schema writes it)', () => {
  assert.equal(read('config/evio.schema.json'), configSchemaText());
});

test('docs/configuration.md describes every key, and no other, with its default', () => {
  const keys = keysOf(configSchema());
  const rows = rowsOf(read('docs/configuration.md'));
  assert.deepEqual([...rows.keys()].sort(), [...keys.keys()].sort());
  for (const [key, { default: value }] of keys) {
    if (value === undefined) continue;
    const expected = typeof value === 'string' ? value : JSON.stringify(value);
    assert.equal(rows.get(key)?.[0], `\`${expected}\``, key);
  }
});

test('every key has a description for editors', () => {
  for (const [key, { description }] of keysOf(configSchema())) assert.ok(description, key);
});

const silent = { write: () => undefined };
const streams = { stdout: silent, stderr: silent, environment: {} };
const program = buildProgram({
  output: createOutput(streams),
  environment: {},
  fail: () => undefined,
});

/** `evio ping NODE` and its command, for every command that does something and is not hidden. */
function commandsOf(command: Command, path: string): Map<string, Command> {
  const found = new Map<string, Command>();
  for (const each of command.createHelp().visibleCommands(command)) {
    if (each.name() === 'help') continue;
    const name = `${path} ${each.name()}`;
    if (each.commands.length > 0) for (const inner of commandsOf(each, name)) found.set(...inner);
    else {
      const args = each.registeredArguments.map(argument => argument.name().toUpperCase());
      found.set([name, ...args].join(' ').replace(' OLD', ' OLD.json'), each);
    }
  }
  return found;
}

test('docs/commands.md describes every command with every option, as --help does', () => {
  const sections = new Map(
    read('docs/commands.md')
      .split('\n## ')
      .slice(1)
      .map(text => [text.split('\n', 1)[0] ?? '', text] as const),
  );
  const commands = commandsOf(program, 'evio');
  assert.deepEqual([...sections.keys()].sort(), [...commands.keys()].sort());
  for (const [name, command] of commands) {
    const section = sections.get(name) ?? '';
    const words = section.replaceAll(/\s+/g, ' ');
    assert.ok(words.includes(command.description()), `${name}: ${command.description()}`);
    const options = command.options.map(({ flags, description }) => [flags, description]);
    const documented = [...rowsOf(section)].map(([flags, [description]]) => [flags, description]);
    assert.deepEqual(documented.sort(), options.sort(), name);
  }
});

test('docs/api/openapi.json is what the agent serves (npm run openapi writes it)', () => {
  assert.equal(read('docs/api/openapi.json'), openApiText());
});

test('docs/api.md names every operation', () => {
  const rows = [...rowsOf(read('docs/api.md'))].map(([name, [summary]]) => [name, summary]);
  const operations = Object.entries(OPERATIONS).map(([name, { summary }]) => [name, summary]);
  assert.deepEqual(rows, operations);
});

/** Lines and spans of code in a page. */
function codeIn(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```(?:sh|console)?\n([\s\S]*?)^```/gm)].map(
    ([, text = '']) => text,
  );
  const prose = markdown.replaceAll(/^```[\s\S]*?^```/gm, '');
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
  return [...blocks.flatMap(text => text.replaceAll('\\\n', ' ').split('\n')), ...spans];
}

/** A command line of ours within a line of code, up to the next word of the shell's. */
const COMMAND_LINE = /(?:^|[(;&|]|\$|# |sudo )\s*evio ([a-z][a-z-]*(?: [^|;#)>]*)?)/g;

test('every page names commands and options that exist', () => {
  const pages = readdirSync(new URL('docs/', root)).filter(name => name.endsWith('.md'));
  const tree = wholeTree();
  const problems: string[] = [];
  let seen = 0;
  for (const page of ['README.md', ...pages.map(name => `docs/${name}`)]) {
    for (const line of codeIn(read(page))) {
      for (const [whole, text = ''] of line.matchAll(COMMAND_LINE)) {
        const words = text.split(/\s+/);
        let command = tree;
        for (const word of words) {
          const next = command.commands.find(({ name }) => name === word);
          if (next === undefined) break;
          command = next;
        }
        problems.push(...(command === tree ? [`${page}: ${whole}`] : []));
        for (const option of words.filter(word => /^--[a-z]/.test(word))) {
          const long = option.split('=')[0];
          if (command.options.some(each => each.long === long)) continue;
          problems.push(`${page}: ${whole}: ${option}`);
        }
        seen += 1;
      }
    }
  }
  assert.deepEqual(problems, []);
  assert.ok(seen > 50, `${seen} command lines`);
});

test('docs/configuration.md shows its first example as it is shipped', () => {
  const shown = /```yaml\n([^`]*)```/.exec(read('docs/configuration.md'))?.[1];
  assert.ok(read('config/minimal.yaml').endsWith(shown ?? 'nothing'));
});

test('every example is there for the check', () => {
  const examples = readdirSync(new URL('config/', root)).filter(name => name.endsWith('.yaml'));
  assert.deepEqual(examples.sort(), [
    'bridge.yaml',
    'evio.yaml',
    'minimal.yaml',
    'two-overlays.yaml',
  ]);
});
