/**
 * Two bare Debians and one who has never seen Evio: the quick start word by word with the package, an
 * upgrade under traffic as its page says, removal and purge.
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentStatus } from '@evio/agent/control';
import { commandsOf } from '../joining/page-commands.ts';
import { Lab } from '../lab/index.ts';
import { tell } from '../scenarios/cast.ts';
import { buildPackage } from './build-package.ts';
import { diskPaths } from './disk-paths.ts';
import { longestPause } from './flow.ts';
import { Machine } from './machine.ts';
import { playQuickStart } from './play-quick-start.ts';

/** Of alpha, in the overlay. */
const ALPHA = '10.10.0.1';

test('a newcomer installs, joins, upgrades and removes what the pages say', async t => {
  await using lab = await Lab.create({
    sites: {
      world: { hosts: ['alpha'] },
      home: { nat: 'port-restricted', hosts: ['beta'] },
    },
  });
  const [older, newer] = await Promise.all(
    ['1.0.0', '1.0.1'].map(version => buildPackage(join(lab.directory, version), version)),
  );
  await mkdir(join(lab.directory, 'machines'));
  const boot = async (name: string): Promise<Machine> => {
    const directory = join(lab.directory, 'machines', name);
    return Machine.boot(directory, lab.host(name).namespace.name);
  };
  await using alpha = await boot('alpha');
  await using beta = await boot('beta');
  const clean = await diskPaths(beta);
  /** Gives them a package in place of another one. */
  const bring = async (file: string | undefined): Promise<void> => {
    assert.ok(file);
    for (const machine of [alpha, beta]) {
      await machine.sh('rm -f evio_*.deb');
      await machine.bring(file);
    }
  };

  await t.test('quick start', async () => {
    await bring(older);
    const seconds = await playQuickStart({ alpha, beta }, lab.host('alpha').address);
    tell(`three pings were answered ${seconds.toFixed(1)} s after the installation`);
    assert.ok(seconds <= 60, `${seconds} s`);
  });

  await t.test('the service', async () => {
    const pid = await beta.property('MainPID');
    const { stdout: journal } = await beta.exec(['journalctl', '-u', 'evio', '-o', 'cat']);
    assert.match(journal, /"msg":"started"/, 'its log is in the journal');
    const { stdout: tasks } = await beta.exec(['sh', '-c', `cat /proc/${pid}/task/*/stat`]);
    const [, nice] = /\(evio-link\) (?:\S+ ){16}(\S+)/.exec(tasks) ?? [];
    assert.ok(
      Number(nice) <= -5,
      `nice ${nice}: the unit lets the threads that carry frames go ahead`,
    );

    const at = async (what: string) => Number(await beta.property(`${what}TimestampMonotonic`));
    const readyMs = ((await at('ActiveEnter')) - (await at('ExecMainStart'))) / 1000;
    const { stdout: memory } = await beta.exec(['cat', `/proc/${pid}/status`]);
    const bytes = (key: string) => 1024 * Number(new RegExp(`${key}:\\s+(\\d+)`).exec(memory)?.[1]);
    tell(
      `ready for systemd after ${readyMs.toFixed(0)} ms; ` +
        `${(bytes('VmRSS') / 1e6).toFixed(1)} MB resident, ` +
        `${(bytes('RssAnon') / 1e6).toFixed(1)} of them its own`,
    );
    assert.ok(readyMs > 0 && bytes('VmRSS') > 0);
  });

  const page = commandsOf('docs/howto/upgrade.md');
  const typed = async (host: string, machine: Machine): Promise<void> => {
    for (const { lines } of page.filter(each => each.host === host)) {
      for (const line of lines) await machine.sh(line);
    }
  };

  await t.test('upgrade of a node', async () => {
    await bring(newer);
    const pid = await beta.property('MainPID');
    await using pings = lab.host('beta').pings(ALPHA);
    await pings.count(5, 5000);
    const flow = longestPause(lab.host('beta').namespace, lab.host('alpha').namespace, ALPHA, 12);
    await sleep(1000);
    const began = Date.now();
    await typed('node', beta);
    const seconds = (Date.now() - began) / 1000;
    const pauseMs = await flow;
    tell(
      `upgraded in ${seconds.toFixed(1)} s: the flow paused for ${pauseMs} ms, ` +
        `pings for ${pings.longestGapSince(began).toFixed(0)} ms`,
    );
    assert.notEqual(await beta.property('MainPID'), pid);
    assert.equal(await versionOn(beta), '1.0.1');
    assert.ok(pauseMs <= 1500, `${pauseMs} ms`);
  });

  await t.test('upgrade of the hub', async () => {
    const pid = await alpha.property('MainPID', 'evio-hub.service');
    await typed('hub', alpha);
    assert.notEqual(await alpha.property('MainPID', 'evio-hub.service'), pid);
    assert.equal(await alpha.property('ActiveState', 'evio-hub.service'), 'active');
    // Alpha's agent was upgraded with its hub away: it has no link before both have signed in.
    await Promise.all([alpha, beta].map(signedIn));
    await beta.sh(`ping -c 1 -w 10 ${ALPHA}`);
  });

  await t.test('a version that does not take the configuration says why', async () => {
    await beta.sh('cp -p /etc/evio/evio.yaml .; echo "no_such_key: 1" >>/etc/evio/evio.yaml');
    await beta.sh('systemctl restart evio', { check: false });
    for (const line of page.find(({ host }) => host === 'refused')?.lines ?? []) {
      const { code, stdout, stderr } = await beta.sh(line, { check: false });
      assert.notEqual(code, 0, line);
      assert.match(stdout + stderr, /evio\.yaml:\d+.*no_such_key/, line);
    }
    await beta.sh('cp -p evio.yaml /etc/evio/; systemctl restart evio');
    await signedIn(beta);
  });

  await t.test('back to the former version', async () => {
    await bring(older);
    await typed('node', beta);
    assert.equal(await versionOn(beta), '1.0.0');
    await beta.sh(`ping -c 1 -W 5 ${ALPHA}`);
  });

  await t.test('remove and purge', async () => {
    await beta.sh('apt remove evio');
    const { stdout: devices } = await beta.exec(['ip', '-o', 'link']);
    assert.doesNotMatch(devices, /evio0/);
    await beta.sh('test -e /var/lib/evio/identity.json -a -e /etc/evio/evio.yaml');
    await beta.sh('apt purge evio');
    // What came with it by apt's own will.
    await beta.sh('apt autoremove --purge');
    const left = await diskPaths(beta);
    assert.deepEqual(
      left.filter(path => !clean.includes(path)),
      [],
    );

    await alpha.sh('apt purge evio');
    assert.equal(await alpha.property('ActiveState', 'evio-hub.service'), 'inactive');
    await alpha.sh('! pgrep -f evio-hub; ! ls -d /etc/evio /var/lib/evio*');
  });
});

/** The package's version there. */
async function versionOn(machine: Machine): Promise<string> {
  const { stdout } = await machine.exec(['dpkg-query', '-W', 'evio']);
  return stdout.trim().split('\t')[1] ?? '';
}

/** Waits until the agent of a machine has signed in at the hub. */
async function signedIn(machine: Machine): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const { stdout, code } = await machine.exec(['evio', 'status', '--json'], { check: false });
    const status = code === 0 ? (JSON.parse(stdout) as AgentStatus) : undefined;
    if (status?.overlays[0]?.signaling.state === 'online') return;
    if (Date.now() > deadline) {
      const { stdout: log } = await machine.exec(['journalctl', '-u', 'evio', '-n', '40']);
      throw new Error(`expected the agent to sign in within 30 s; its journal: ${log}`);
    }
    await sleep(200);
  }
}
