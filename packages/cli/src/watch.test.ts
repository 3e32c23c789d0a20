import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvioError } from '@evio/types';
import { createOutput } from './output.ts';
import { watch } from './watch.ts';

async function* ticks(count: number) {
  for (let tick = 0; tick < count; tick += 1) yield tick;
}

function screen(isTTY: boolean) {
  const written: string[] = [];
  const stdout = { write: (text: string) => written.push(text), isTTY };
  const output = createOutput({ stdout, stderr: stdout, environment: { NO_COLOR: '1' } });
  return { output, written };
}

test('on a terminal each look takes the place of the one before', async () => {
  const { output, written } = screen(true);
  let look = 0;
  await watch(output, ticks(2), async each => {
    look += 1;
    each.print(`look ${look}`);
    each.print('more');
  });
  assert.deepEqual(written, ['\x1b[H\x1b[Jlook 1\nmore\n', '\x1b[H\x1b[Jlook 2\nmore\n']);
});

test('elsewhere they follow each other', async () => {
  const { output, written } = screen(false);
  await watch(output, ticks(2), async each => each.print('look'));
  assert.deepEqual(written, ['look\n', 'look\n']);
});

test('an agent that is away is asked again; another error ends it', async () => {
  const { output, written } = screen(false);
  const errors = ['AGENT_DOWN', undefined, 'AGENT_FORBIDDEN'];
  const watching = watch(output, ticks(3), async each => {
    const code = errors.shift();
    if (code !== undefined) throw new EvioError(code, `no: ${code}`);
    each.print('there');
  });
  await assert.rejects(watching, { code: 'AGENT_FORBIDDEN' });
  assert.deepEqual(written, ['no: AGENT_DOWN\n', 'there\n']);
});
