import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab } from '../lab/index.ts';
import { everybody, join, tell } from './cast.ts';

test('an agent with 20 peers needs 120 MB at most, and hardly any processor time when idle', async () => {
  const names = Array.from({ length: 21 }, (_, index) => `n${index + 1}`);
  const site = (from: number, to: number) => ({ hosts: names.slice(from, to) });
  await using lab = await Lab.create({
    hub: true,
    sites: { one: site(0, 11), two: { ...site(11, 21), nat: 'port-restricted' } },
  });
  const agents = await join(lab, undefined, everybody);
  const [one] = agents;
  assert.ok(one);
  for (const other of agents) if (other !== one) await one.linkedTo(other, 60_000);
  // Until the others have met as well, and rarer work is done.
  await Promise.all(
    agents.map(agent =>
      agent.until(
        'has 20 links',
        async () =>
          (await agent.overlay()).peers.filter(p => p.session.state === 'up').length === 20,
        60_000,
      ),
    ),
  );
  await sleep(5000);
  const seconds = 20;
  const before = await Promise.all(agents.map(agent => agent.processorSeconds()));
  await sleep(seconds * 1000);
  const after = await Promise.all(agents.map(agent => agent.processorSeconds()));
  const shares = after.map((value, index) => (100 * (value - (before[index] ?? 0))) / seconds);
  const memory = await Promise.all(agents.map(agent => agent.residentBytes()));
  const average = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  tell(
    `20 peers: ${(Math.max(...memory) / 1e6).toFixed(0)} MB at most of 21 agents, ` +
      `idle ${average.toFixed(2)} % of a core on average`,
  );
  assert.ok(Math.max(...memory) <= 120e6);
  assert.ok(average <= 1);
});
