import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../lab/command.ts';
import { ROOT } from '../lab/paths.ts';
import { DEBIAN_PLUGINS } from './cni-node.ts';
import { Podman } from './podman.ts';

test('the image has all that the agent runs, and installs the plugin', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'evio-image-'));
  const podman = await new Podman(directory, DEBIAN_PLUGINS).prepare();
  try {
    const script = join(ROOT, 'config', 'container', 'build.sh');
    // buildah's storage is that of the podman that runs it.
    const storage = join(directory, 'storage.conf');
    await run([
      'sh',
      '-c',
      `printf '[storage]\\ndriver="vfs"\\ngraphroot="${directory}/root"\\nrunroot="${directory}/run"\\n' >${storage}`,
    ]);
    const env = { CONTAINERS_STORAGE_CONF: storage, STORAGE_DRIVER: 'vfs' };
    await run(['sh', script, 'localhost/evio:test'], { env, timeoutMs: 120_000 });
    const inImage = (...argv: string[]) => {
      const [entry = '', ...args] = argv;
      const network = ['--network', 'none', '--volume', `${directory}:/host`];
      return podman.command([
        'run',
        '--rm',
        '--pull',
        'never',
        ...network,
        '--entrypoint',
        entry,
        'localhost/evio:test',
        ...args,
      ]);
    };
    assert.match((await inImage('evio', '--version')).stdout, /^\d+\.\d+\.\d+/);
    for (const program of [
      ['ip', '-V'],
      ['tc', '-V'],
      ['nft', '--version'],
      ['nsenter', '--version'],
      ['sh', '-c', 'cat /dev/null'],
      ['/usr/lib/evio/evio-pod-worker'],
    ]) {
      await inImage(...program);
    }
    await inImage('evio', 'cni', 'install', '--bin-dir', '/host/bin', '--conf-dir', '/host/net');
    assert.deepEqual(await readdir(join(directory, 'bin')), ['evio']);
    assert.deepEqual(await readdir(join(directory, 'net')), ['10-evio.conflist']);
  } finally {
    await podman.dispose();
    await rm(directory, { recursive: true, force: true });
  }
});
