import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lab } from '../lab/index.ts';
import { allLinked, join } from './cast.ts';

test('a node that is taken out of the overlay loses its links at once', async () => {
  await using lab = await Lab.create({
    hub: true,
    sites: { world: { hosts: ['a', 'b'] }, home: { nat: 'port-restricted', hosts: ['c'] } },
  });
  const agents = await join(lab);
  const [a, b, c] = agents;
  assert.ok(a && b && c);
  await allLinked(agents);
  await lab.hub.removeNode('c');
  for (const member of [a, b]) {
    await member.until(
      'has no peer c',
      async () => (await member.overlay()).peers.every(({ name }) => name !== 'c'),
      10_000,
    );
  }
  assert.equal((await c.host.ping(a.address, { timeoutMs: 1_500 })).ok, false);
  assert.equal((await a.host.ping(b.address, { timeoutMs: 5_000 })).ok, true);
});
