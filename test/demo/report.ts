import { type Agent, iperf } from '../lab/index.ts';

/** One direction between two nodes. */
export interface PairReport {
  readonly from: string;
  readonly to: string;
  /** Whether an ICMP echo was answered through the overlay. */
  readonly ok: boolean;
  readonly path: 'direct' | 'turn' | 'overlay' | 'none';
  /** Median of three pings; null when none was answered. */
  readonly rttMs: number | null;
  /** The underlay's endpoints, `address:port`, as `from` sees them. */
  readonly local: string | null;
  readonly remote: string | null;
  readonly error?: string;
}

/** What `npm run demo -- --once --json` prints. */
export interface DemoReport {
  readonly nodes: readonly { name: string; site: string; nat: string; address: string }[];
  readonly pairs: readonly PairReport[];
  /** One TCP stream between the first two nodes; null when it could not be measured. */
  readonly throughputMbps: number | null;
}

/** Waits until every node reaches every other, or `timeoutMs` is over, and says how. */
export async function report(agents: readonly Agent[], timeoutMs: number): Promise<DemoReport> {
  const nodes = await Promise.all(
    agents.map(async agent => ({
      name: agent.name,
      site: agent.host.site.name,
      nat: String(agent.host.site.spec.nat ?? 'none'),
      address: agent.address,
    })),
  );
  const deadline = Date.now() + timeoutMs;
  const pairs = await Promise.all(
    agents.flatMap(from =>
      agents.filter(to => to !== from).map(to => reportPair(from, to, deadline)),
    ),
  );
  return { nodes, pairs, throughputMbps: await throughput(agents) };
}

async function reportPair(from: Agent, to: Agent, deadline: number): Promise<PairReport> {
  const names = { from: from.name, to: to.name };
  try {
    await from.linkedTo(to, Math.max(0, deadline - Date.now()));
    const timeoutMs = Math.max(2000, deadline - Date.now());
    const { ok, rttMs } = await from.host.ping(to.address, { count: 3, timeoutMs });
    // Asked after the pings: a path may have become better meanwhile.
    const path = (await from.peer(to))?.path;
    return {
      ...names,
      ok,
      path: path?.kind ?? 'none',
      rttMs: Number.isNaN(rttMs) ? null : Math.round(rttMs * 1000) / 1000,
      local: path?.local ?? null,
      remote: path?.remote ?? null,
      ...(ok ? {} : { error: 'linked, but no ping was answered' }),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      ...names,
      ok: false,
      path: 'none',
      rttMs: null,
      local: null,
      remote: null,
      error: reason,
    };
  }
}

async function throughput([first, second]: readonly Agent[]): Promise<number | null> {
  if (first === undefined || second === undefined) return null;
  try {
    const { namespace } = first.host;
    const { mbps } = await iperf(namespace, second.host.namespace, second.address);
    return Math.round(mbps);
  } catch {
    // The pairs say what is wrong; a figure that is missing is a null.
    return null;
  }
}
