import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { conflist } from '@evio/cni/install';
import { run } from '../lab/command.ts';
import { Lab } from '../lab/index.ts';
import { CniNode } from './cni-node.ts';
import { Sandbox } from './runtime.ts';

/** Builds the driver from Debian's Go packages, without a network. */
async function buildDriver(directory: string): Promise<string> {
  const file = join(directory, 'libcni');
  const source = join(import.meta.dirname, 'libcni', 'main.go');
  const env = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: join(directory, 'go') };
  await run(['go', 'build', '-o', file, source], { env, timeoutMs: 120_000 });
  return file;
}

test('libcni adds, checks and deletes by what evio cni install writes', async () => {
  await using lab = await Lab.create({ sites: { dc: { nat: 'none', hosts: ['n1'] } } });
  const driver = await buildDriver(lab.directory);
  const node = new CniNode(lab.host('n1'), lab.directory);
  await node.start();
  try {
    await using pod = await Sandbox.create(`evio-${lab.id}-`, 'go');
    const file = join(lab.directory, '10-evio.conflist');
    const network = conflist({
      socket: node.socket,
      pendingDir: join(node.stateDir, 'pending'),
      cniVersion: '1.0.0',
      chain: ['portmap', 'tuning'],
    });
    await writeFile(file, JSON.stringify(network));
    const call = (command: string, check = true) =>
      run(
        node.enter([
          driver,
          command,
          file,
          node.bin,
          join(lab.directory, 'cache'),
          'go',
          pod.netns,
        ]),
        { check },
      );
    const result = JSON.parse((await call('add')).stdout);
    assert.match(result.ips[0].address, /^10\.244\.3\.\d+\/16$/);
    await call('check');
    await pod.exec(['ip', 'address', 'flush', 'dev', 'eth0']);
    const { code, stderr } = await call('check', false);
    assert.equal(code, 1);
    assert.match(stderr, /has lost/);
    await call('del');
    await call('del');
    assert.deepEqual(await node.podInterfaces(), []);
  } finally {
    await node.stop();
  }
});
