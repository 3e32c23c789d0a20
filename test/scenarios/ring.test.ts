import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerStatus } from '@evio/agent/control';
import { type Agent, iperf, Lab, type PingStream, type SiteSpec } from '../lab/index.ts';
import { SeededRandom } from '../simulate/seeded-random.ts';
import { capture } from './capture.ts';
import { type Change, join, tell } from './cast.ts';

/**
 * Real agents in a structured ring: two successors on each side and two shortcuts, so that most pairs
 * reach each other only through others. The tests follow each other in one overlay, which loses
 * members on the way.
 */

const SIZE = 24;
/** So many agents start at once: a test machine has few cores. */
const WAVE = 8;
/** What is promised: within this time of a crash all others reach each other. Milliseconds. */
const HEALS_WITHIN = 5_000;
/** How often each pair is asked while something happens. */
const PING_INTERVAL = 500;
const BROADCASTS = 500;

/** One of them never carries others' traffic, and so stands beside the ring. */
const LEAF = 'n23';

/** One stands behind a symmetric NAT: with those of port-restricted NATs it can only have links by TURN. */
const SYMMETRIC = 'n10';
const PORT_RESTRICTED = ['n2', 'n6', 'n14'];

/** Who is killed follows from it; EVIO_RING_SEED repeats a run's choice of places on the ring. */
const SEED = Number(process.env['EVIO_RING_SEED'] ?? Date.now() % 1_000_000);
const random = new SeededRandom(SEED);

const sparse: Change = config => {
  for (const overlay of config.overlays) {
    overlay.topology = { successors: 2, shortcuts: 2 };
    if (config.name === LEAF) overlay.topology.role = 'leaf';
  }
};

let lab: Lab;
let agents: Agent[] = [];

before(async () => {
  lab = await Lab.create({ hub: true, sites: mixedSites(SIZE) });
  const names = lab.hosts.map(({ name }) => name);
  while (names.length > 0) agents.push(...(await join(lab, names.splice(0, WAVE), sparse)));
});
after(() => lab[Symbol.asyncDispose]());

test('all reach each other, most through others', async () => {
  const began = Date.now();
  await allReach(60_000);
  tell(`all ${SIZE * (SIZE - 1)} ordered pairs ping after ${Date.now() - began} ms`);
  tell(`ring whole after ${await wholeRing(30_000)} ms more`);
  await describe();
});

test('a leaf is reached, and carries nothing for others', async () => {
  const leaf = agents.find(({ name }) => name === LEAF);
  const { counters } = (await leaf?.status()) ?? {};
  assert.equal(counters?.['forwardsRelayed'], 0);
  assert.ok((counters?.['rxFrames'] ?? 0) > 0);
});

test('an ARP request is answered, on the host itself', async () => {
  const [one, , , another] = agents;
  assert.ok(one && another);
  const device = (await one.overlay()).interface;
  const answered = async () => (await one.status()).counters['answeredLocally'] ?? 0;
  const before = await answered();
  const { stdout } = await one.host.exec([
    'arping',
    '-c',
    '1',
    '-w',
    '5',
    '-I',
    device,
    another.address,
  ]);
  assert.match(stdout, /1 packets received|Received 1 response/);
  assert.ok((await answered()) > before, 'the datapath answered');
});

test(`each of ${BROADCASTS} broadcasts arrives once everywhere`, async () => {
  const [source, ...others] = agents;
  assert.ok(source);
  const listeners = await Promise.all(
    others.map(async agent => {
      const file = joinPath(lab.directory, `${agent.name}-broadcasts.pcap`);
      const device = (await agent.overlay()).interface;
      return {
        agent,
        file,
        capture: await capture(agent.host.namespace, device, file, 'udp port 9999'),
      };
    }),
  );
  await using socket = await source.host.udp();
  const network = source.address.split('.').slice(0, 2).join('.');
  for (let count = 0; count < BROADCASTS; count += 1) {
    socket.send(`${network}.255.255:9999`, `<broadcast ${count}>`);
  }
  await sleep(3_000);
  for (const { agent, file, capture } of listeners) {
    await capture.stop();
    const arrived = (await readFile(file)).toString('latin1').match(/<broadcast \d+>/g) ?? [];
    assert.equal(arrived.length, BROADCASTS, `${agent.name} got as many`);
    assert.equal(new Set(arrived).size, BROADCASTS, `${agent.name} got each`);
  }
});

test('a trace names each hop, and why it is on the way', async () => {
  const [from, to] = await multiHopPair();
  const { hops } = await from.control.trace(to.address);
  tell(`${from.name} → ${hops.map(({ name, reason }) => `${name} (${reason})`).join(' → ')}`);
  assert.ok(hops.length >= 2, 'several hops');
  assert.equal(hops.at(-1)?.name, to.name);
  assert.equal(hops.at(-1)?.reason, 'target');
  for (const { path, rttMs } of hops) {
    assert.match(path.kind, /direct|turn/);
    assert.ok(rttMs !== null && rttMs > 0);
  }
});

test('who carries the frames of others cannot read them', async () => {
  const [from, to] = await multiHopPair();
  const { peers } = await from.overlay();
  const [next] = peers.find(({ name }) => name === to.name)?.path.via ?? [];
  const carrier = peers.find(({ id }) => id === next)?.name;
  const relay = agents.find(({ name }) => name === carrier);
  assert.ok(relay, 'a member is on the way');
  const secret = 'overheard secret';
  const file = joinPath(lab.directory, 'relay.pcap');
  const counters = async () => (await relay.status()).counters['forwardsRelayed'] ?? 0;
  const relayedBefore = await counters();
  const listening = await capture(relay.host.namespace, 'any', file);
  const pattern = Buffer.from(secret).toString('hex');
  await from.host.exec(['ping', '-n', '-c', '20', '-i', '0.05', '-p', pattern, to.address]);
  await listening.stop();
  const seen = await readFile(file);
  assert.ok((await counters()) >= relayedBefore + 20, 'it carried the pings');
  assert.ok(seen.length > 20 * 100, 'they passed by where we listened');
  assert.equal(seen.includes(secret.slice(0, 8)), false);
});

test('two that talk much get a link of their own, and their TCP connection lives on', async () => {
  const [from, to] = await multiHopPair();
  const began = Date.now();
  const flow = iperf(from.host.namespace, to.host.namespace, to.address, { seconds: 10 });
  await from.until(
    `has a link to ${to.name}`,
    async () => /direct|turn/.test((await from.peer(to))?.path.kind ?? ''),
    HEALS_WITHIN,
  );
  const after = Date.now() - began;
  const { mbps } = await flow;
  tell(`${from.name} → ${to.name}: a link after ${after} ms of iperf3, ${mbps.toFixed(0)} Mb/s`);
  assert.ok(mbps > 1);
});

test('a symmetric NAT is no obstacle: where no hole can be punched, the link goes by TURN', async () => {
  const from = agents.find(({ name }) => name === SYMMETRIC);
  const others = agents.filter(({ name }) => PORT_RESTRICTED.includes(name));
  assert.ok(from);
  const kindOf = async (to: Agent) => (await from.peer(to))?.path.kind ?? '';
  const kinds = await Promise.all(others.map(kindOf));
  const linked = kinds.findIndex(kind => /direct|turn/.test(kind));
  const to = others[Math.max(0, linked)];
  assert.ok(to);
  if (linked < 0) {
    const flow = iperf(from.host.namespace, to.host.namespace, to.address, { seconds: 6 });
    const hasLink = async () => /direct|turn/.test(await kindOf(to));
    await from.until(`has a link to ${to.name}`, hasLink, HEALS_WITHIN);
    await flow;
  }
  assert.equal(await kindOf(to), 'turn', `${from.name} → ${to.name}`);
});

test('three that are killed at once, next to each other on the ring, part nobody', async () => {
  // More than the successors on one side.
  const ring = await inRingOrder();
  const first = random.below(ring.length);
  tell(`seed ${SEED}: place ${first} on the ring and the two after it`);
  await survive([...ring, ...ring].slice(first, first + 3));
  tell(`ring whole again ${await wholeRing(60_000)} ms after that`);
});

test('without the server, a crash heals as well', async () => {
  await lab.hub.running.stopXmpp();
  const ring = await inRingOrder();
  await survive(ring.splice(random.below(ring.length), 1));
  tell(`without the server: ring whole again ${await wholeRing(60_000)} ms after that`);
  await describe();
});

/** One host to a site, NATs of several kinds in turn. */
function mixedSites(size: number): Record<string, SiteSpec> {
  const kinds = ['none', 'port-restricted', 'full-cone', 'address-restricted'] as const;
  return Object.fromEntries(
    Array.from({ length: size }, (_, index) => {
      const name = `n${index + 1}`;
      const nat = name === SYMMETRIC ? 'symmetric' : (kinds[index % kinds.length] ?? 'none');
      return [name, { nat, hosts: [name] }];
    }),
  );
}

/** Every ordered pair. */
function ordered<T>(list: readonly T[]): [T, T][] {
  return list.flatMap(a => list.filter(b => b !== a).map((b): [T, T] => [a, b]));
}

/** Pings every ordered pair until each was answered once. */
async function allReach(timeoutMs: number): Promise<void> {
  const began = Date.now();
  const missing: string[] = [];
  await Promise.all(
    agents.map(async from => {
      for (const to of agents) {
        if (to === from) continue;
        const left = timeoutMs - (Date.now() - began);
        const { ok } = await from.host.ping(to.address, {
          timeoutMs: Math.max(1_000, left),
          intervalMs: 200,
        });
        if (!ok) missing.push(`${from.name} → ${to.name}`);
      }
    }),
  );
  assert.deepEqual(missing, [], 'pairs without an answer');
}

/** Peers of an agent to which it has a link of its own. */
async function linksOf(agent: Agent): Promise<PeerStatus[]> {
  return (await agent.overlay()).peers.filter(({ path }) => /direct|turn/.test(path.kind));
}

async function inRingOrder(): Promise<Agent[]> {
  const carriers = agents.filter(({ name }) => name !== LEAF);
  const nodes = await Promise.all(
    carriers.map(async agent => ({ agent, id: (await agent.status()).node.id })),
  );
  return nodes.sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ agent }) => agent);
}

/** Whether both ring neighbours on each side are linked to, for every agent. */
async function ringIsWhole(): Promise<boolean> {
  const ring = await inRingOrder();
  for (const [index, agent] of ring.entries()) {
    const linked = new Set((await linksOf(agent)).map(({ name }) => name));
    for (const step of [1, 2]) {
      const next = ring[(index + step) % ring.length];
      if (next && !linked.has(next.name)) return false;
    }
  }
  return true;
}

/** Waits until the ring is whole; returns how long that took, in ms. */
async function wholeRing(timeoutMs: number): Promise<number> {
  const began = Date.now();
  while (!(await ringIsWhole())) {
    assert.ok(Date.now() - began < timeoutMs, `the ring is not whole within ${timeoutMs} ms`);
    await sleep(250);
  }
  return Date.now() - began;
}

/** Kills agents at once; asserts that all others reach each other soon enough. */
async function survive(victims: readonly Agent[]): Promise<void> {
  agents = agents.filter(agent => !victims.includes(agent));
  const streams = new Map<string, PingStream>();
  for (const [from, to] of ordered(agents)) {
    const stream = from.host.pings(to.address, { intervalMs: PING_INTERVAL });
    streams.set(`${from.name} → ${to.name}`, stream);
  }
  await Promise.all([...streams.values()].map(stream => stream.count(2, 20_000)));
  const killed = Date.now();
  await Promise.all(victims.map(victim => victim.kill9()));
  await sleep(HEALS_WITHIN + 3_000);
  const silent = [...streams].map(([pair, stream]) => ({
    pair,
    gapMs: Math.max(0, stream.longestGapSince(killed) - PING_INTERVAL),
  }));
  for (const stream of streams.values()) await stream[Symbol.asyncDispose]();
  const gaps = silent.map(({ gapMs }) => gapMs);
  const hit = gaps.filter(gapMs => gapMs > PING_INTERVAL).length;
  tell(
    `${victims.map(({ name }) => name).join(', ')} killed: of ${gaps.length} pairs ${hit} noticed, ` +
      `longest silence ${Math.max(...gaps).toFixed(0)} ms`,
  );
  const late = silent.filter(({ gapMs }) => gapMs > HEALS_WITHIN).map(({ pair }) => pair);
  assert.deepEqual(late, [], 'pairs that were silent for too long');
}

/** Prints how the overlay is linked. */
async function describe(): Promise<void> {
  const degrees = await Promise.all(agents.map(async agent => (await linksOf(agent)).length));
  const pairs = agents.length * (agents.length - 1);
  const direct = degrees.reduce((sum, degree) => sum + degree, 0);
  tell(
    `${agents.length} agents: ${(direct / agents.length).toFixed(1)} links each on average, ` +
      `${Math.max(...degrees)} at most; ${pairs - direct} of ${pairs} pairs multi-hop`,
  );
}

/** Two that reach each other through others. */
async function multiHopPair(): Promise<[Agent, Agent]> {
  for (const [from, to] of ordered(agents)) {
    if ((await from.peer(to))?.path.kind === 'overlay') return [from, to];
  }
  return assert.fail('expected a pair without a link');
}
