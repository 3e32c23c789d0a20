/** What docs/howto/several-overlays.md and certificates.md say, typed on a hub and two nodes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lab } from '../lab/index.ts';
import { FreshHost } from './fresh-host.ts';
import { commandsOf } from './page-commands.ts';

test('a host joins a second overlay, and leaves it, as the page says', async t => {
  const lab = await Lab.create({
    sites: {
      world: { hosts: ['hub'] },
      home: { nat: 'port-restricted', hosts: ['edge-a'] },
      office: { nat: 'address-restricted', hosts: ['edge-b'] },
    },
  });
  const hosts = new Map<string, FreshHost>();
  t.after(async () => {
    for (const host of hosts.values()) await host[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });
  for (const { name } of lab.hosts) {
    hosts.set(name, await FreshHost.install(lab.host(name), lab.directory));
  }
  const on = (name: string, command: string) => {
    const host = hosts.get(name);
    assert.ok(host, name);
    return host.sh(command);
  };
  // What the page takes for granted: a hub, and edge-b in one overlay.
  const { address } = lab.host('hub');
  await on('hub', `evio hub init --domain example.org --address ${address}`);
  await on('hub', 'systemctl enable --now evio-hub');
  let line = (await on('hub', 'evio hub invite edge-b')).stdout.trim();
  await on('edge-b', `evio join '${line}'`);

  const blocks = [
    ...commandsOf('docs/howto/certificates.md'),
    ...commandsOf('docs/howto/several-overlays.md'),
  ];
  for (const { host, lines } of blocks) {
    for (const typed of lines) {
      const { stdout } = await on(host, typed.replace('evio://…', line));
      if (!typed.startsWith('evio hub invite')) continue;
      line = stdout.trim();
      if (typed.includes('invite edge-a')) {
        const joined = await on('edge-a', `evio join '${line}'`);
        assert.match(joined.stdout, /edge 10\.10\.0\.2\/16, lab 10\.20\.0\.1\/16/);
      }
    }
  }
  const { stdout } = await on('edge-b', 'evio status --json');
  const status: { overlays: { name: string }[] } = JSON.parse(stdout);
  assert.deepEqual(
    status.overlays.map(({ name }) => name),
    ['edge'],
  );
  await on('edge-b', 'ping -c 1 -W 5 10.10.0.2');
});
