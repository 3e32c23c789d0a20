import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { test } from 'node:test';
import { type Agent, type Host, Lab } from '../lab/index.ts';
import { capture, udpPayloads } from './capture.ts';
import { allLinked, join, tell } from './cast.ts';

/** How many datagrams the node must survive. */
const FLOOD = 1_000_000;

test('a million hostile datagrams do not crash a node, fill its memory or cost it a link', async () => {
  await using lab = await Lab.create({ hub: true, sites: { world: { hosts: ['a', 'b', 'eve'] } } });
  const agents = await join(lab, ['a', 'b']);
  const [a, b] = agents;
  assert.ok(a && b);
  await allLinked(agents);

  // Real datagrams, handshake, keepalives and frames, to be bent: they pass the first checks.
  const file = joinPath(lab.directory, 'a.pcap');
  const recording = await capture(a.host.namespace, 'eth0', file, 'udp');
  await a.host.exec(['ping', '-n', '-f', '-c', '500', b.address]);
  await recording.stop();
  const samples = (await udpPayloads(file)).slice(0, 1000);
  assert.ok(samples.length > 100);
  const seeds = joinPath(lab.directory, 'samples.json');
  await writeFile(seeds, JSON.stringify(samples.map(sample => sample.toString('hex'))));

  const flood = (count: number, seed: number) => send(lab.host('eve'), a, seeds, count, seed);
  // Its memory settles first: buffers grow to their bounds, once.
  await flood(100_000, 1);
  const { pid } = a;
  const before = await a.residentBytes();
  const dropped = await droppedBy(a);
  await using pings = b.host.pings(a.address);
  const began = Date.now();
  await flood(FLOOD, 2);
  const tookMs = Date.now() - began;

  assert.equal((await a.status()).pid, pid);
  const counted = (await droppedBy(a)) - dropped;
  assert.ok((await pings.replyAfter(Date.now(), 2000)) !== undefined, 'pings are answered');
  assert.equal((await a.peer(b))?.path.remote, `${b.host.address}:${await portOf(b)}`);
  assert.equal((await a.peer(b))?.session.state, 'up');
  const grown = (await a.residentBytes()) - before;
  tell(
    `${FLOOD} hostile datagrams in ${(tookMs / 1000).toFixed(1)} s: ${counted} counted as dropped, ` +
      `memory ${(grown / 1e6).toFixed(1)} MB more, longest silence ` +
      `${pings.longestGapSince(began).toFixed(0)} ms`,
  );
  assert.ok(counted > FLOOD / 10, 'they arrived');
  assert.ok(grown < 10e6, `${grown} bytes more`);
});

test('a captured stream that is replayed is dropped, and moves no path', async () => {
  await using lab = await Lab.create({ hub: true, sites: { world: { hosts: ['a', 'b', 'eve'] } } });
  const agents = await join(lab, ['a', 'b']);
  const [a, b] = agents;
  assert.ok(a && b);
  const file = joinPath(lab.directory, 'a.pcap');
  const recording = await capture(
    a.host.namespace,
    'eth0',
    file,
    `udp and src host ${b.host.address}`,
  );
  await allLinked(agents);
  await b.host.exec(['ping', '-n', '-c', '200', '-i', '0.005', a.address]);
  await recording.stop();
  const stream = await udpPayloads(file);
  assert.ok(stream.length >= 200);
  const seeds = joinPath(lab.directory, 'stream.json');
  await writeFile(seeds, JSON.stringify(stream.map(datagram => datagram.toString('hex'))));

  const frames = (await a.peer(b))?.rxBytes ?? 0;
  const path = (await a.peer(b))?.path;
  const before = await droppedBy(a);
  await send(lab.host('eve'), a, seeds, stream.length, 0);
  const after = await a.peer(b);
  assert.equal(after?.path.remote, path?.remote, 'the path does not follow a replay');
  assert.ok((after?.rxBytes ?? 0) - frames < 5000, 'no replayed frame is delivered');
  tell(`${stream.length} datagrams replayed: ${JSON.stringify(await counters(a))}`);
  assert.ok((await droppedBy(a)) - before >= stream.length / 2, 'they are counted');
  assert.ok((await b.host.ping(a.address)).ok);
});

/** Sends datagrams from a host to an agent's port; seed 0 sends the samples as they are, once. */
async function send(
  from: Host,
  to: Agent,
  samples: string,
  count: number,
  seed: number,
): Promise<void> {
  const script = joinPath(import.meta.dirname, 'hostile-sender.ts');
  const target = [to.host.address, String(await portOf(to))];
  await from.exec([process.execPath, script, ...target, samples, String(count), String(seed)], {
    timeoutMs: 300_000,
  });
}

async function portOf(agent: Agent): Promise<number> {
  const { ipv4 } = (await agent.status()).ports;
  assert.ok(ipv4 !== null);
  return ipv4;
}

/** What the agent counts as dropped or ignored, all reasons together. */
async function droppedBy(agent: Agent): Promise<number> {
  return Object.values(await counters(agent)).reduce((sum, count) => sum + count, 0);
}

async function counters(agent: Agent): Promise<Record<string, number>> {
  const all = Object.entries((await agent.status()).counters);
  return Object.fromEntries(all.filter(([name, count]) => /^(drop|stun)/.test(name) && count > 0));
}
