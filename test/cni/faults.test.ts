import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../lab/command.ts';
import { Lab } from '../lab/index.ts';
import { CniNode } from './cni-node.ts';
import { Runtime, Sandbox } from './runtime.ts';

// What nodes go through: a disk that is full, a reboot, a configuration with mistakes.

let lab: Lab;
let node: CniNode;
let runtime: Runtime;

before(async () => {
  lab = await Lab.create({ sites: { dc: { nat: 'none', hosts: ['n1'] } } });
  node = new CniNode(lab.host('n1'), lab.directory);
  // A disk of its own, small enough to be filled.
  await mkdir(node.stateDir, { recursive: true });
  await run(['mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', node.stateDir]);
  await node.start();
  runtime = new Runtime(node.bin, argv => node.enter(argv));
});

after(async () => {
  await node?.stop();
  await run(['umount', node.stateDir]);
  await lab?.[Symbol.asyncDispose]();
});

const sandbox = (id: string) => Sandbox.create(`evio-${lab.id}-`, id);

function call(command: string, pod: Sandbox, change: object = {}) {
  return runtime.call({ command, config: node.config(change), sandbox: pod });
}

async function expectNothingLeft(): Promise<void> {
  assert.deepEqual(await node.podInterfaces(), []);
  assert.deepEqual(await readdir(join(node.stateDir, 'attachments')), []);
  const { pods, addresses } = await node.status();
  assert.deepEqual([pods.length, addresses.taken], [0, 0]);
}

test('with a full disk ADD fails with code 5 and leaves nothing, DEL works, and a kept one says that it is not', async () => {
  await using here = await sandbox('full-1');
  await using other = await sandbox('full-2');
  assert.equal((await call('ADD', here)).code, 0);
  const filler = join(node.stateDir, 'filler');
  await writeFile(filler, Buffer.alloc(512 * 1024)).catch(() => undefined); // that is what is wanted
  const { code, output } = await call('ADD', other);
  assert.deepEqual([code, output.code], [1, 5]);
  assert.match(output.details, /ENOSPC/);
  assert.equal((await node.podInterfaces()).length, 1);
  await node.stop('SIGKILL');
  const kept = await call('DEL', here);
  assert.deepEqual([kept.code, kept.output.code], [1, 5]);
  assert.match(kept.output.details, /No space left/);
  await node.start();
  assert.equal((await call('DEL', here)).code, 0);
  await expectNothingLeft();
  await rm(filler);
  assert.equal((await call('ADD', other)).code, 0);
  assert.equal((await call('DEL', other)).code, 0);
});

test('after a reboot nothing of former pods is left', async () => {
  const pods = await Promise.all(['boot-1', 'boot-2'].map(sandbox));
  for (const pod of pods) assert.equal((await call('ADD', pod)).code, 0);
  await node.stop('SIGKILL');
  for (const pod of pods) await pod[Symbol.asyncDispose]();
  // One that nobody knows of, as after a crash between two steps.
  await run(node.enter(['ip', 'link', 'add', 'evp000000000000', 'type', 'veth']));
  await node.start();
  await expectNothingLeft();
});

test('mistakes in the configuration are code 7 with the name of the key, and leave nothing', async () => {
  await using pod = await sandbox('wrong');
  for (const [change, key] of [
    [{ mtu: 9000 }, 'mtu'],
    [{ ipMasq: 'yes' }, 'ipMasq'],
    [{ isDefaultGateway: 1 }, 'isDefaultGateway'],
    [{ runtimeConfig: { ips: ['10.9.9.9'] } }, 'runtimeConfig.ips'],
    [{ runtimeConfig: { mac: '01:00:00:00:00:01' } }, 'runtimeConfig.mac'],
    [{ ipam: { type: '../host-local' } }, 'ipam.type'],
  ] as const) {
    const { code, output } = await call('ADD', pod, change);
    assert.deepEqual([code, output.code], [1, 7], JSON.stringify(output));
    assert.ok(`${output.msg} ${output.details}`.includes(key), JSON.stringify(output));
  }
  await expectNothingLeft();
});
