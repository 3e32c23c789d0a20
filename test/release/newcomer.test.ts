/** A newcomer does what docs/quick-start.md says, word by word, on two hosts that have nothing yet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lab } from '../lab/index.ts';
import { tell } from '../scenarios/cast.ts';
import { FreshHost } from './fresh-host.ts';
import { commandsOf } from './page-commands.ts';

test('the quick start leads from two bare hosts to a ping', async t => {
  const lab = await Lab.create({
    sites: {
      world: { hosts: ['alpha'] },
      home: { nat: 'port-restricted', hosts: ['beta'] },
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
  const { address } = lab.host('alpha');

  const blocks = commandsOf('docs/quick-start.md');
  assert.deepEqual([...new Set(blocks.map(({ host }) => host))], ['alpha', 'beta']);
  const invitations = new Map<string, string>();
  const started = performance.now();
  for (const { host, installs, lines } of blocks) {
    if (installs) continue;
    for (const line of lines) {
      // What the page leaves to the reader: the own address, and the line that was printed.
      const command = line
        .replace('203.0.113.10', address)
        .replace('evio://…', invitations.get(host) ?? 'missing');
      const { stdout } = (await hosts.get(host)?.sh(command)) ?? { stdout: '' };
      const invited = /^evio hub invite (\w+)$/.exec(line)?.[1];
      if (invited !== undefined) invitations.set(invited, stdout.trim());
      if (line.startsWith('ping')) {
        tell(`first ping ${((performance.now() - started) / 1000).toFixed(1)} s after the start`);
        assert.match(stdout, / 0% packet loss/);
      }
      if (line === 'evio peers') assert.match(stdout, /alpha .*10\.10\.0\.1/);
    }
  }
});
