import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Agent, Lab, NAT_KINDS, type NatKind } from '../lab/index.ts';
import { everybody, median, tell } from './cast.ts';

/**
 * All pairs of the six kinds, a kind with itself included: twelve hosts, two of each kind, each at
 * a site of its own, in one overlay. They join one after the other; each that joins is timed to
 * all that are there already, in both directions.
 */
interface Meeting {
  readonly from: Agent;
  readonly to: Agent;
  /** From the moment when both were online to the first ping that was answered; NaN: none was. */
  readonly firstPingMs: number;
}

/** The patience for a first ping, and for a better path after it. */
const PATIENCE_MS = 15_000;

const meetings: Meeting[] = [];
const agents: Agent[] = [];
let lab: Lab;

before(async () => {
  const sites = NAT_KINDS.flatMap(nat =>
    ['1', '2'].map(n => [`${nat}-${n}`, { nat, hosts: [`${nat}-${n}`] }] as const),
  );
  lab = await Lab.create({ hub: true, sites: Object.fromEntries(sites) });
  for (const { name } of lab.hosts) {
    const newcomer = await lab.agent(name, everybody);
    await askAgainSoon(newcomer);
    const pings = agents.flatMap(other => [
      { from: newcomer, to: other, stream: newcomer.host.pings(other.address, { intervalMs: 50 }) },
      { from: other, to: newcomer, stream: other.host.pings(newcomer.address, { intervalMs: 50 }) },
    ]);
    await newcomer.online();
    const online = Date.parse((await newcomer.overlay()).signaling.since);
    await Promise.all(
      pings.map(async ({ from, to, stream }) => {
        await stream.count(1, PATIENCE_MS);
        await stream[Symbol.asyncDispose]();
        const first = stream.replies[0]?.at ?? Number.NaN;
        meetings.push({ from, to, firstPingMs: Math.max(0, first - online) });
      }),
    );
    agents.push(newcomer);
  }
});

after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/**
 * A ping that waits for ARP is sent again after 0.1 s, not 1 s: what is timed is the overlay. (With
 * the kernel's second, nearly every first ping waits for the end of that second.)
 */
async function askAgainSoon(agent: Agent): Promise<void> {
  const device = (await agent.overlay()).interface;
  await agent.host.namespace.sysctl({ [`ipv4/neigh/${device}/retrans_time_ms`]: 100 });
}

const kindOf = (agent: Agent) => agent.host.site.spec.nat as NatKind;

/**
 * What is possible with STUN (RFC 5128 §3.3): a symmetric NAT's port for the peer is unknown to the
 * peer, who must therefore let in any port of that address.
 */
function expectedPath(a: NatKind, b: NatKind): 'direct' | 'turn' {
  if (a === 'udp-blocked' || b === 'udp-blocked') return 'turn';
  const symmetric = [a, b].filter(kind => kind === 'symmetric').length;
  if (symmetric === 2) return 'turn';
  return symmetric === 1 && (a === 'port-restricted' || b === 'port-restricted')
    ? 'turn'
    : 'direct';
}

test('every node reaches every other, in both directions', () => {
  assert.equal(meetings.length, 12 * 11);
  const silent = meetings.filter(({ firstPingMs }) => Number.isNaN(firstPingMs));
  assert.deepEqual(
    silent.map(({ from, to }) => `${from.name} → ${to.name}`),
    [],
  );
});

for (const a of NAT_KINDS) {
  for (const b of NAT_KINDS.slice(NAT_KINDS.indexOf(a))) {
    const expected = expectedPath(a, b);
    test(`${a} and ${b} meet by a path that is ${expected}`, async () => {
      const couples = meetings.filter(({ from, to }) => kindOf(from) === a && kindOf(to) === b);
      for (const { from, to } of couples) {
        for (const [one, other] of [
          [from, to],
          [to, from],
        ] as const) {
          // Data may flow by the relay first; what counts is where the path comes to rest.
          await one.until(
            `has a path to ${other.name} that is ${expected}`,
            async () => (await one.peer(other))?.path.kind === expected,
            PATIENCE_MS,
          );
        }
      }
    });
  }
}

test('the paths are still those a moment later', async () => {
  const wrong: string[] = [];
  for (const agent of agents) {
    for (const { name, path } of (await agent.overlay()).peers) {
      const other = agents.find(candidate => candidate.name === name);
      if (other === undefined) continue;
      const expected = expectedPath(kindOf(agent), kindOf(other));
      if (path.kind !== expected) wrong.push(`${agent.name} → ${name} is ${path.kind}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('from "both online" to the first ping it takes a second at most, in the median', () => {
  const times = meetings.map(({ firstPingMs }) => firstPingMs).filter(ms => !Number.isNaN(ms));
  const worst = meetings.reduce((a, b) => (b.firstPingMs > a.firstPingMs ? b : a));
  tell(
    `first ping after both are online: median ${median(times).toFixed(0)} ms, worst ` +
      `${worst.firstPingMs.toFixed(0)} ms (${worst.from.name} → ${worst.to.name})`,
  );
  assert.ok(median(times) <= 1000);
});
