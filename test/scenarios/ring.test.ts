import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerStatus } from '@evio/agent/control';
import { type Agent, iperf, Lab, type PingStream, type SiteSpec } from '../lab/index.ts';
import { type Change, join, tell } from './cast.ts';

/**
 * Real agents in a structured ring: two successors on each side and two shortcuts, so that most
 * pairs of the larger overlay reach each other only through others.
 */

/** What is promised: within this time of a crash all others reach each other. Milliseconds. */
const HEALS_WITHIN = 5_000;
/** So many agents start at once: a test machine has few cores. */
const WAVE = 8;
/** How often each pair is asked while something happens. */
const PING_INTERVAL = 500;

const sparse: Change = config => {
  for (const overlay of config.overlays) overlay.topology = { successors: 2, shortcuts: 2 };
};

/** One host to a site, NATs of several kinds in turn. */
function mixedSites(size: number): Record<string, SiteSpec> {
  const kinds = ['none', 'port-restricted', 'full-cone', 'address-restricted'] as const;
  return Object.fromEntries(
    Array.from({ length: size }, (_, index) => {
      const name = `n${index + 1}`;
      return [name, { nat: kinds[index % kinds.length] ?? 'none', hosts: [name] }];
    }),
  );
}

/** Every ordered pair. */
function ordered<T>(list: readonly T[]): [T, T][] {
  return list.flatMap(a => list.filter(b => b !== a).map((b): [T, T] => [a, b]));
}

/** Pings every ordered pair until each was answered once; returns the slowest's time, in ms. */
async function allReach(agents: readonly Agent[], timeoutMs: number): Promise<number> {
  const began = Date.now();
  const missing: string[] = [];
  await Promise.all(
    agents.map(async from => {
      for (const to of agents) {
        if (to === from) continue;
        const asked = Date.now();
        const left = timeoutMs - (asked - began);
        const { ok } = await from.host.ping(to.address, {
          timeoutMs: Math.max(1_000, left),
          intervalMs: 200,
        });
        if (!ok) missing.push(`${from.name} → ${to.name}`);
        const took = Date.now() - asked;
        if (took > HEALS_WITHIN) tell(`${from.name} → ${to.name} waited ${took} ms`);
      }
    }),
  );
  assert.deepEqual(missing, [], 'pairs without an answer');
  return Date.now() - began;
}

/** Peers of an agent to which it has a link of its own. */
async function linksOf(agent: Agent): Promise<PeerStatus[]> {
  return (await agent.overlay()).peers.filter(({ path }) => /direct|turn/.test(path.kind));
}

/** Whether both ring neighbours on each side are linked to, for every agent. */
async function ringIsWhole(agents: readonly Agent[]): Promise<boolean> {
  const nodes = await Promise.all(
    agents.map(async agent => ({ agent, id: (await agent.status()).node.id })),
  );
  nodes.sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const [index, { agent }] of nodes.entries()) {
    const linked = new Set((await linksOf(agent)).map(({ id }) => id));
    for (const step of [1, 2]) {
      const next = nodes[(index + step) % nodes.length];
      if (next && next.agent !== agent && !linked.has(next.id)) return false;
    }
  }
  return true;
}

/** Waits until the ring is whole; returns how long that took, in ms. */
async function wholeRing(agents: readonly Agent[], timeoutMs: number): Promise<number> {
  const began = Date.now();
  while (!(await ringIsWhole(agents))) {
    assert.ok(Date.now() - began < timeoutMs, `the ring is not whole within ${timeoutMs} ms`);
    await sleep(250);
  }
  return Date.now() - began;
}

/** Pings all ordered pairs all the time. */
async function watch(agents: readonly Agent[]): Promise<Map<string, PingStream>> {
  const streams = new Map<string, PingStream>();
  for (const [from, to] of ordered(agents)) {
    const stream = from.host.pings(to.address, { intervalMs: PING_INTERVAL });
    streams.set(`${from.name} → ${to.name}`, stream);
  }
  await Promise.all([...streams.values()].map(stream => stream.count(2, 20_000)));
  return streams;
}

async function unwatch(streams: ReadonlyMap<string, PingStream>): Promise<void> {
  for (const stream of streams.values()) await stream[Symbol.asyncDispose]();
}

/** Kills agents at once; asserts that all others reach each other soon enough. */
async function survive(agents: readonly Agent[], victims: readonly Agent[]): Promise<Agent[]> {
  const rest = agents.filter(agent => !victims.includes(agent));
  const streams = await watch(rest);
  const killed = Date.now();
  await Promise.all(victims.map(victim => victim.kill9()));
  await sleep(HEALS_WITHIN + 3_000);
  const silent = [...streams].map(([pair, stream]) => ({
    pair,
    gapMs: Math.max(0, stream.longestGapSince(killed) - PING_INTERVAL),
  }));
  await unwatch(streams);
  const gaps = silent.map(({ gapMs }) => gapMs);
  const hit = gaps.filter(gapMs => gapMs > PING_INTERVAL).length;
  tell(
    `${victims.map(({ name }) => name).join(', ')} killed: of ${gaps.length} pairs ${hit} noticed, ` +
      `longest silence ${Math.max(...gaps).toFixed(0)} ms`,
  );
  const late = silent.filter(({ gapMs }) => gapMs > HEALS_WITHIN).map(({ pair }) => pair);
  assert.deepEqual(late, [], 'pairs that were silent for too long');
  return rest;
}

/** Prints how the overlay is linked. */
async function describe(agents: readonly Agent[]): Promise<void> {
  const degrees = await Promise.all(agents.map(async agent => (await linksOf(agent)).length));
  const pairs = agents.length * (agents.length - 1);
  const direct = degrees.reduce((sum, degree) => sum + degree, 0);
  const mean = direct / agents.length;
  tell(
    `${agents.length} agents: ${mean.toFixed(1)} links each on average, ` +
      `${Math.max(...degrees)} at most; ${pairs - direct} of ${pairs} pairs multi-hop`,
  );
}

for (const size of [8, 24]) {
  test(`${size} agents in a ring: all reach each other, also after crashes and without the server`, async () => {
    await using lab = await Lab.create({ hub: true, sites: mixedSites(size) });
    let agents: Agent[] = [];
    const names = lab.hosts.map(({ name }) => name);
    while (names.length > 0) agents.push(...(await join(lab, names.splice(0, WAVE), sparse)));
    const began = Date.now();
    await allReach(agents, 60_000);
    tell(`all ${size * (size - 1)} ordered pairs ping after ${Date.now() - began} ms`);
    tell(`ring whole after ${await wholeRing(agents, 30_000)} ms more`);
    await describe(agents);

    if (size > 8) await directOnDemand(agents);

    // Three next to each other in the ring: more than the successors on one side.
    const byId = await Promise.all(
      agents.map(async agent => ({ agent, id: (await agent.status()).node.id })),
    );
    byId.sort((a, b) => (a.id < b.id ? -1 : 1));
    const victims = size > 8 ? byId.slice(4, 7) : byId.slice(4, 5);
    agents = await survive(
      agents,
      victims.map(({ agent }) => agent),
    );
    tell(`ring whole again ${await wholeRing(agents, 60_000)} ms after that`);

    await lab.hub.running.stopXmpp();
    const [another] = agents.slice(-1);
    assert.ok(another);
    agents = await survive(agents, [another]);
    tell(`without the server: ring whole again ${await wholeRing(agents, 60_000)} ms after that`);
    await describe(agents);
  });
}

/** Two nodes that reach each other through others get a link of their own when they talk much. */
async function directOnDemand(agents: readonly Agent[]): Promise<void> {
  const found = await multiHopPair(agents);
  assert.ok(found, 'expected a pair without a link');
  const [from, to] = found;
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
}

async function multiHopPair(agents: readonly Agent[]): Promise<[Agent, Agent] | undefined> {
  for (const [from, to] of ordered(agents)) {
    if ((await from.peer(to))?.path.kind === 'overlay') return [from, to];
  }
  return undefined;
}
