import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { conflist } from '@evio/cni/install';
import { Lab } from '../lab/index.ts';
import { CniNode } from './cni-node.ts';
import { buildPodImage, POD_IMAGE } from './pod-image.ts';
import { Podman } from './podman.ts';

test('podman runs containers on a network of the plugin, and leaves nothing', async () => {
  await using lab = await Lab.create({ sites: { dc: { nat: 'none', hosts: ['n1'] } } });
  const node = new CniNode(lab.host('n1'), lab.directory);
  await node.start();
  const podman = await new Podman(join(node.directory, 'podman'), node.bin, argv =>
    node.enter(argv),
  ).prepare();
  try {
    const network = conflist({
      network: 'pods',
      socket: node.socket,
      pendingDir: join(node.stateDir, 'pending'),
      cniVersion: '0.4.0',
      chain: ['portmap', 'tuning'],
    });
    await writeFile(join(podman.confDir, 'pods.conflist'), JSON.stringify(network));
    await podman.command(['load', '--input', await buildPodImage(lab.directory)]);
    const start = (name: string) =>
      podman.command([
        'run',
        '--detach',
        '--pull',
        'never',
        '--network',
        'pods',
        '--name',
        name,
        POD_IMAGE,
      ]);
    await start('a');
    await start('b');
    const { stdout } = await podman.command(['inspect', 'b']);
    const address = JSON.parse(stdout)[0].NetworkSettings.Networks.pods.IPAddress;
    assert.match(address, /^10\.244\.3\./);
    await podman.command(['exec', 'a', 'ping', '-c', '1', '-W', '3', address]);
    assert.equal((await node.podInterfaces()).length, 2);
    await podman.command(['rm', '--all', '--force', '--time', '0']);
    assert.deepEqual(await node.podInterfaces(), []);
    assert.equal((await node.status()).addresses.taken, 0);
  } finally {
    await podman.dispose();
    await node.stop();
  }
});
