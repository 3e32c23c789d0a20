import { type Agent, iperf, Lab } from '../../lab/index.ts';
import { askAgainSoon } from '../ask-again-soon.ts';
import type { Extra } from '../extra.ts';
import type { Measurement } from '../scenario.ts';
import { sinceOnline } from '../set-up.ts';
import { median } from '../statistics.ts';

const PATIENCE_MS = 30_000;

/**
 * Two agents at two sites without NAT. First they talk directly; then the router between the sites
 * drops their datagrams to each other, and the hub's TURN server is the only way.
 */
export const turn: Extra = {
  name: 'turn',
  measure: async ({ rounds, pace, own, record }) => {
    const sites = { west: { hosts: ['west'] }, east: { hosts: ['east'] } };
    await using lab = own(await Lab.create({ hub: true, sites }));
    const [a, b] = [await lab.agent('west'), await lab.agent('east')];
    await linked(a, b, 'direct');
    await measure('turn-direct');
    await lab.internet.nft(blockade(a.host.address, b.host.address));
    await linked(a, b, 'turn');
    await measure('turn');
    for (let round = 0; round < rounds; round += 1) record('turn', [await meeting(a, b)]);

    async function measure(scenario: string): Promise<void> {
      const [from, to] = [a.host.namespace, b.host.namespace];
      for (let round = 0; round < rounds; round += 1) {
        const { mbps } = await iperf(from, to, b.address, { seconds: pace.tcpSeconds });
        await using pings = a.host.pings(b.address, { intervalMs: 5 });
        await pings.count(pace.pings, 5000 + 10 * pace.pings);
        const rtt = median(pings.replies.map(({ rttMs }) => rttMs * 1000));
        record(scenario, [
          { metric: 'throughput', unit: 'Mb/s', value: mbps },
          { metric: 'round trip', unit: 'µs', value: rtt },
        ]);
      }
      const kind = (await a.peer(b))?.path.kind;
      const wanted = scenario === 'turn' ? 'turn' : 'direct';
      if (kind !== wanted) throw new Error(`expected the path to be ${wanted}, it is ${kind}`);
    }
  },
};

/** Starts both agents anew, and times their first ping since both are online. */
async function meeting(a: Agent, b: Agent): Promise<Measurement> {
  await Promise.all([a.stop(), b.stop()]);
  await Promise.all([a.start(), b.start()]);
  await Promise.all([a.host, b.host].map(askAgainSoon));
  await using pings = a.host.pings(b.address);
  await pings.count(1, PATIENCE_MS);
  const [first] = pings.replies;
  if (first === undefined) throw new Error(`no ping was answered within ${PATIENCE_MS} ms`);
  // A connection that was kept from an earlier question may be closed under this one: not so `online`.
  await Promise.all([a.online(), b.online()]);
  const overlays = await Promise.all([a.overlay(), b.overlay()]);
  const online = Math.max(...overlays.map(({ signaling }) => Date.parse(signaling.since)));
  return sinceOnline(first.at, online);
}

/** Waits until both agents use a path of this kind, and a ping gets through. */
async function linked(a: Agent, b: Agent, kind: 'direct' | 'turn'): Promise<void> {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const settled = async () => (await one.peer(other))?.path.kind === kind;
    await one.until(`has a path that is ${kind}`, settled, PATIENCE_MS);
  }
  const { ok } = await a.host.ping(b.address, { timeoutMs: 10_000 });
  if (!ok) throw new Error(`no ping came through by the path that is ${kind}`);
}

/** Rules of the router between the sites by which two hosts' datagrams do not reach each other. */
function blockade(one: string, other: string): string {
  return `table ip blockade {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ip saddr ${one} ip daddr ${other} meta l4proto udp drop;
    ip saddr ${other} ip daddr ${one} meta l4proto udp drop;
  }
}
`;
}
