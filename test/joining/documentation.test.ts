/** docs/joining.md and docs/hub.md say what the code does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { registerHubCommands } from '@evio/hub';
import { parseInvitation } from '@evio/types';
import { Command } from 'commander';
import { ROOT } from '../lab/paths.ts';

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');

test('the line in docs/joining.md says what the page says that it says', () => {
  const page = read('docs/joining.md');
  const line = /^evio:\/\/\S+$/m.exec(page)?.[0] ?? '';
  const { pin = new Uint8Array(0), expires, ...rest } = parseInvitation(line);
  const said = {
    ...rest,
    pin: Buffer.from(pin).toString('hex'),
    expires: new Date(expires * 1000).toISOString(),
  };
  assert.deepEqual(said, JSON.parse(/```json\n([^`]*)```/.exec(page)?.[1] ?? '{}'));
});

test('docs/joining.md names each step', () => {
  const page = read('docs/joining.md');
  const steps = /export type StepName =([^;]*);/.exec(read('packages/agent/src/join/step.ts'))?.[1];
  for (const [, step] of steps?.matchAll(/'(\w+)'/g) ?? []) {
    assert.match(page, new RegExp(`^\\| \`${step}\` \\|`, 'm'));
  }
});

test('docs/hub.md names every evio hub command', () => {
  const program = new Command('evio');
  registerHubCommands(program);
  const page = read('docs/hub.md');
  for (const command of program.commands[0]?.commands ?? []) {
    assert.match(page, new RegExp(`^\\| \`${command.name()}\\b`, 'm'), command.name());
  }
});
