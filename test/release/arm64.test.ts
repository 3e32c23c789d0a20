/** The archive of the other architecture, run by qemu's user emulation with its libraries from Debian. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ARCHITECTURES, isNative } from '../../packages/release/src/architecture.ts';
import { release } from '../../packages/release/src/release.ts';
import { run } from '../lab/command.ts';

const architectures = ARCHITECTURES.filter(architecture => !isNative(architecture));
let place = '';
let programs = '';

before(async () => {
  place = await mkdtemp(join(tmpdir(), 'evio-arm64-test-'));
  await release({
    ...{ out: join(place, 'out'), version: '1.0.0', epoch: 1_750_000_000, architectures },
    ...{ kinds: ['deb'], compression: 'none' },
  });
  for (const { debian } of architectures) {
    const file = join(place, 'out', `evio_1.0.0_${debian}.deb`);
    await run(['dpkg-deb', '--extract', file, join(place, 'root')]);
  }
  programs = join(place, 'root', 'usr/lib/evio');
});
after(() => rm(place, { recursive: true, force: true }));

/** Runs the packaged Node under emulation, with the libraries that the cross compiler came with. */
function node(...args: string[]) {
  const [{ gnu } = { gnu: '' }] = architectures;
  const emulator = `qemu-${gnu.split('-')[0]}-static`;
  return run([emulator, '-L', `/usr/${gnu}`, join(programs, 'node'), ...args], {
    timeoutMs: 120_000,
  });
}

test('evio starts and says its version', async () => {
  const { stdout } = await node(join(programs, 'evio.mjs'), '--version');
  assert.match(stdout, /^\d+\.\d+\.\d+$/m);
});

test('the addon loads and opens its sockets', async () => {
  const script = `
    const { NativeDatapath } = require(${JSON.stringify(join(programs, 'datapath.node'))});
    const datapath = new NativeDatapath(0, true, () => {});
    console.log(JSON.stringify([process.arch, datapath.ports().port4 > 0]));
    datapath.close();`;
  const { stdout } = await node('-e', script);
  const [{ node: arch } = { node: '' }] = architectures;
  assert.deepEqual(JSON.parse(stdout), [arch, true]);
});
