import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './run.ts';

async function evio(...args: string[]) {
  let err = '';
  const write = (text: string) => {
    err += text;
  };
  const code = await run(args, { stdout: { write }, stderr: { write }, environment: {} });
  return { code, err };
}

test('a line that is no invitation ends with 2 before anything is looked at', async () => {
  const { code, err } = await evio('join', 'evio://AAAA', '--config', '/nowhere/evio.yaml');
  assert.equal(code, 2);
  assert.match(err, /^evio: this is not a whole invitation: its checksum does not fit/);
});

test('without a configuration there is nothing to leave', async () => {
  const { code, err } = await evio('leave', '--config', '/nowhere/evio.yaml');
  assert.notEqual(code, 0);
  assert.match(err, /there is no such file|run it as root/);
});
