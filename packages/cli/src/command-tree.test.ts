import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { allCommands, commandTree } from './command-tree.ts';
import { roff } from './man-pages.ts';
import { wholeTree } from './whole-program.ts';

test('the tree says of a command what its help says', () => {
  const program = new Command('evio').description('All of it');
  program.command('look').argument('<dir>', 'where').option('-f, --file <file>', 'what', 'a.txt');
  const [look] = commandTree(program).commands;
  assert.equal(look?.path, 'evio look');
  assert.deepEqual(look.arguments, [
    { term: 'dir', description: 'where', value: { kind: 'directory' } },
  ]);
  assert.deepEqual(look.options[0], {
    flags: '-f, --file <file>',
    long: '--file',
    short: '-f',
    description: 'what (default: "a.txt")',
    value: { kind: 'file' },
  });
});

test('every command has a description, and so has each option', () => {
  for (const { path, description, options } of allCommands(wholeTree())) {
    assert.notEqual(description, '', path);
    for (const { flags, description: text } of options)
      assert.notEqual(text, '', `${path} ${flags}`);
  }
});

/** They run in the foreground, or print a script. */
const WITHOUT_JSON = ['evio up', 'evio completion', 'evio hub up'];

test('every command that ends can print JSON', () => {
  const ends = allCommands(wholeTree()).filter(({ commands }) => commands.length === 0);
  const without = ends.filter(({ options }) => !options.some(({ long }) => long === '--json'));
  for (const { path } of without) assert.ok(WITHOUT_JSON.includes(path), path);
});

test('what means something to roff is escaped', () => {
  assert.equal(roff('--json'), '\\-\\-json');
  assert.equal(roff('.TH'), '\\&.TH');
  assert.equal(roff('a\\b'), 'a\\eb');
});
