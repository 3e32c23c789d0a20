import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { test } from 'node:test';
import { type Agent, Lab } from '../lab/index.ts';
import { allLinked, join, tell } from './cast.ts';

const COUNT = 10_000;

test('ten thousand malformed stanzas of a member do not harm a node or its links', async () => {
  await using lab = await Lab.create({ hub: true, sites: { world: { hosts: ['a', 'b', 'eve'] } } });
  const agents = await join(lab, ['a', 'b']);
  const [a, b] = agents;
  assert.ok(a && b);
  await allLinked(agents);
  const eve = await lab.hub.addNode('eve');
  const credentials = joinPath(lab.directory, 'eve.json');
  await writeFile(credentials, JSON.stringify({ ...eve, ca: lab.hub.running.ca }));

  const script = joinPath(import.meta.dirname, 'stanza-sender.ts');
  const jid = await fullJidOf(a);
  const send = (count: number, seed: number) =>
    lab
      .host('eve')
      .exec([process.execPath, script, credentials, String(count), String(seed), jid], {
        timeoutMs: 120_000,
      });
  await send(1_000, 1); // its memory settles first
  const before = { pid: a.pid, memory: await a.residentBytes(), received: await received(a) };
  await using pings = b.host.pings(a.address);
  const began = Date.now();
  await send(COUNT, 2);

  assert.ok((await pings.replyAfter(Date.now(), 2_000)) !== undefined, 'pings are answered');
  assert.equal((await a.status()).pid, before.pid);
  const counted = (await received(a)) - before.received;
  const grown = (await a.residentBytes()) - before.memory;
  const { session, path } = (await a.peer(b)) ?? assert.fail('b is still a peer');
  assert.equal(session.state, 'up');
  assert.equal(path.kind, 'direct');
  tell(
    `${COUNT} stanzas in ${((Date.now() - began) / 1000).toFixed(1)} s, ${counted} arrived; memory ` +
      `${(grown / 1e6).toFixed(1)} MB more, longest silence ${pings.longestGapSince(began).toFixed(0)} ms`,
  );
  assert.ok(counted > COUNT / 2, `only ${counted} arrived`);
  assert.ok(grown < 10e6, `${grown} bytes more`);
  assert.ok(pings.longestGapSince(began) < 2_000);
});

/** The resource is the overlay's and the node's (docs/decisions.md). */
async function fullJidOf(agent: Agent): Promise<string> {
  const { node, overlays } = await agent.status();
  const [overlay] = overlays;
  assert.ok(overlay);
  return `${overlay.signaling.jid}/evio.${overlay.name}.${node.id.slice(0, 8)}`;
}

async function received(agent: Agent): Promise<number> {
  return (await agent.status()).counters['signalingReceived'] ?? 0;
}
