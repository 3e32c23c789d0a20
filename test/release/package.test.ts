/** The Debian package on Debian with systemd: installed, used, upgraded under traffic, removed, purged. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentStatus, PeerStatus } from '@evio/agent/control';
import { ARCHITECTURES, isNative } from '../../packages/release/src/architecture.ts';
import { release } from '../../packages/release/src/release.ts';
import { run } from '../lab/command.ts';
import { Lab } from '../lab/index.ts';
import { longestPause } from './flow.ts';
import { Machine } from './machine.ts';

const EPOCH = 1_750_000_000;
const architectures = ARCHITECTURES.filter(isNative);
const [{ debian } = { debian: 'none' }] = architectures;
let place = '';

before(async () => {
  place = await mkdtemp(join(tmpdir(), 'evio-package-test-'));
  for (const version of ['1.0.0', '1.0.1']) {
    const out = join(place, version);
    await release({
      ...{ out, version, epoch: EPOCH, architectures },
      ...{ kinds: ['deb'], compression: 'none' },
    });
  }
});
after(() => rm(place, { recursive: true, force: true }));

/** Copies a version of the package into a machine, and installs it there. */
async function install(machine: Machine, version: string): Promise<void> {
  const name = `evio_${version}_${debian}.deb`;
  await cp(join(place, version, name), join(machine.root, 'root', name));
  await machine.exec(['dpkg', '--install', join('/root', name)], { timeoutMs: 120_000 });
}

/** Every path on its disk but logs, what dpkg remembers, and what systemd keeps of its own. */
async function paths(machine: Machine): Promise<string[]> {
  const { stdout } = await machine.exec(['find', '/', '-xdev', '-not', '-path', '/root/*']);
  return stdout
    .split('\n')
    .filter(
      path => !/^\/var\/(log|cache|lib\/dpkg|lib\/systemd|tmp)|^\/etc\/(group|gshadow)/.test(path),
    )
    .sort();
}

async function state(machine: Machine, property: string): Promise<string> {
  const { stdout } = await machine.exec(['systemctl', 'show', '-P', property, 'evio.service']);
  return stdout.trim();
}

test('installed without a configuration it waits for one; purged it leaves nothing', async () => {
  await using lab = await Lab.create({ sites: { lan: { hosts: ['a'] } } });
  const directory = join(lab.directory, 'a');
  await using machine = await Machine.boot(directory, lab.host('a').namespace.name);
  const before = await paths(machine);

  await install(machine, '1.0.0');
  assert.match((await machine.exec(['evio', '--version'])).stdout, /^\d+\.\d+\.\d+$/m);
  assert.match((await machine.exec(['getent', 'group', 'evio'])).stdout, /^evio:/);
  assert.deepEqual(
    [await state(machine, 'UnitFileState'), await state(machine, 'ActiveState')],
    ['enabled', 'inactive'],
  );
  assert.equal(await state(machine, 'ConditionResult'), 'no');
  assert.equal((await machine.exec(['dpkg', '--verify', 'evio'])).stdout, '');

  await machine.exec(['dpkg', '--remove', 'evio']);
  assert.equal((await machine.exec(['ls', '/etc/evio'])).stdout, 'evio.yaml.example\n');
  assert.equal((await machine.exec(['test', '-e', '/usr/lib/evio'], { check: false })).code, 1);
  await machine.exec(['dpkg', '--purge', 'evio']);
  assert.deepEqual(await paths(machine), before);
});

test('an upgrade interrupts traffic for a moment; a removal takes the device, a purge the rest', async t => {
  await using lab = await Lab.create({ hub: true, sites: { lan: { hosts: ['a', 'b'] } } });
  const boot = async (name: string): Promise<Machine> => {
    const machine = await Machine.boot(
      join(lab.directory, 'machines', name),
      lab.host(name).namespace.name,
    );
    const { dir } = await lab.hub.addNode(name);
    await mkdir(join(machine.root, 'etc/evio'), { recursive: true });
    await cp(dir, join(machine.root, 'etc/evio'), { recursive: true });
    return machine;
  };
  await mkdir(join(lab.directory, 'machines'));
  await using a = await boot('a');
  await using b = await boot('b');
  const clean = await paths(a);
  await Promise.all([install(a, '1.0.0'), install(b, '1.0.0')]);
  const peer = await linked(b);
  assert.equal(await state(a, 'ActiveState'), 'active');
  const address = (peer.addresses[0] ?? '').replace(/\/\d+$/, '');
  const { stdout: journal } = await a.exec(['journalctl', '-u', 'evio', '-o', 'cat', '--no-pager']);
  assert.match(journal, /"msg":"started"/, 'its log is in the journal');
  const tasks = `cat /proc/${await state(a, 'MainPID')}/task/*/stat`;
  const [, nice] =
    /\(evio-link\) (?:\S+ ){16}(\S+)/.exec((await a.exec(['sh', '-c', tasks])).stdout) ?? [];
  assert.ok(
    Number(nice) <= -5,
    `nice ${nice}: the unit lets the threads that carry frames go ahead`,
  );

  await t.test('start and memory', async () => {
    const at = async (what: string) => Number(await state(a, `${what}TimestampMonotonic`)) / 1000;
    const readyMs = (await at('ActiveEnter')) - (await at('ExecMainStart'));
    const { stdout } = await a.exec(['cat', `/proc/${await state(a, 'MainPID')}/status`]);
    const bytes = (key: string) => 1024 * Number(new RegExp(`${key}:\\s+(\\d+)`).exec(stdout)?.[1]);
    console.log(
      `  ready for systemd after ${readyMs.toFixed(0)} ms; ` +
        `${(bytes('VmRSS') / 1e6).toFixed(1)} MB resident, ` +
        `${(bytes('RssAnon') / 1e6).toFixed(1)} of them its own`,
    );
    assert.ok(readyMs > 0 && bytes('VmRSS') > 0);
  });

  await t.test('upgrade', async () => {
    const pid = await state(a, 'MainPID');
    await using pings = lab.host('b').pings(address);
    await pings.count(5, 5000);
    const flow = longestPause(lab.host('b').namespace, lab.host('a').namespace, address, 10);
    await sleep(1000);
    const began = Date.now();
    await install(a, '1.0.1');
    const seconds = (Date.now() - began) / 1000;
    const pauseMs = await flow;
    console.log(
      `  upgraded in ${seconds.toFixed(1)} s: the flow paused for ${pauseMs} ms, ` +
        `pings for ${pings.longestGapSince(began).toFixed(0)} ms`,
    );
    assert.notEqual(await state(a, 'MainPID'), pid);
    assert.equal(await state(a, 'ActiveState'), 'active');
    const { stdout } = await a.exec(['dpkg', '--status', 'evio']);
    assert.match(stdout, /^Version: 1\.0\.1$/m);
    assert.ok(pauseMs <= 1500, `${pauseMs} ms`);
  });

  await a.exec(['dpkg', '--remove', 'evio'], { timeoutMs: 60_000 });
  const { stdout: devices } = await a.exec(['ip', '-o', 'link']);
  assert.doesNotMatch(devices, /evio0/);
  assert.equal((await a.exec(['test', '-e', '/var/lib/evio'])).code, 0, 'its identity stays');
  await a.exec(['dpkg', '--purge', 'evio']);
  assert.deepEqual(
    await paths(a),
    clean.filter(path => !path.startsWith('/etc/evio')),
  );
});

/** Waits until the agent of a machine has a link to its only peer. */
async function linked(machine: Machine): Promise<PeerStatus> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { stdout, code } = await machine.exec(['evio', 'status', '--json'], { check: false });
    const status = code === 0 ? (JSON.parse(stdout) as AgentStatus) : undefined;
    const peer = status?.overlays[0]?.peers.find(({ session }) => session.state === 'up');
    if (peer !== undefined) return peer;
    if (Date.now() > deadline) {
      const { stdout: log } = await run(machine.enter(['journalctl', '-u', 'evio', '--no-pager']));
      throw new Error(`expected a link within 20 s; the journal: ${log.slice(-3000)}`);
    }
    await sleep(200);
  }
}
