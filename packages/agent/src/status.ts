import type { Datapath } from '@evio/datapath';
import { compareNodeIds, formatEndpoint, type NodeId } from '@evio/types';
import type {
  AgentStatus,
  OverlayReach,
  OverlayStatus,
  OverlayTopology,
  PathStatus,
  PeerStatus,
  SessionStatus,
  TraceHop,
} from './control/index.ts';
import type { OverlayMember } from './overlay/members.ts';
import type { Overlay } from './overlay/overlay.ts';
import { isReachable } from './overlay/reachable.ts';
import type { Ring } from './overlay/ring.ts';
import type { Peer } from './peer/peer.ts';
import type { TraceStep } from './peer/trace-message-codec.ts';
import type { Underlay } from './underlay/underlay.ts';

/** How the agent's parts look from outside: what `evio status --json` and its like print. */

const NO_PATH: PathStatus = {
  kind: 'none',
  local: null,
  remote: null,
  via: [],
  rttMs: null,
  mtu: null,
};
const NO_SESSION: SessionStatus = { state: 'down', cipher: null, ageSeconds: null };

/** One overlay, its members, and those that only a link still knows. */
export function overlayStatus(
  overlay: Overlay,
  datapath: Datapath,
  underlay: Underlay,
): OverlayStatus {
  const { config, signaling } = overlay;
  const { name, addresses, mtu } = config.interface;
  return {
    name: config.name,
    interface: name,
    addresses: [...addresses],
    mtu,
    signaling: {
      state: signaling.state,
      jid: config.xmpp.jid,
      since: new Date(performance.timeOrigin + signaling.since).toISOString(),
      ...(signaling.error !== undefined && { error: signaling.error.message }),
    },
    peers: peersOf(overlay).map(({ record }) => {
      const peer = overlay.peers.get(record.id);
      const counters = peer && datapath.peerCounters(peer.handle);
      return {
        id: record.id,
        jid: record.account,
        name: record.name,
        addresses: [...record.addresses],
        role: overlay.ring.roleOf(record.id),
        reachable: peer !== undefined && isReachable(peer, overlay.ring),
        path: peer === undefined ? NO_PATH : pathStatus(peer, overlay.ring, underlay),
        session: peer === undefined ? NO_SESSION : sessionStatus(peer),
        rxBytes: counters?.rxBytes ?? 0,
        txBytes: counters?.txBytes ?? 0,
      } satisfies PeerStatus;
    }),
    keysAgreed: overlay.keysAgreed,
    refused: [...overlay.refused].map(([jid, { code, message }]) => ({ jid, code, message })),
  };
}

interface ReachSource {
  readonly config: Pick<Overlay['config'], 'name'>;
  readonly signaling: Pick<Overlay['signaling'], 'state'>;
  readonly ring: Pick<Ring, 'lostSince'>;
  readonly peers: ReadonlyMap<NodeId, Parameters<typeof isReachable>[0]>;
}

/** Who is reached in one overlay; asks the datapath only about peers whose links were lost lately. */
export function overlayReach({ config, peers, ring, signaling }: ReachSource): OverlayReach {
  const reached = [...peers.values()].filter(peer => isReachable(peer, ring));
  return {
    overlay: config.name,
    signaling: signaling.state,
    peers: reached.map(({ record }) => record.id),
  };
}

/** How datagrams to a peer travel now. */
export function pathStatus(
  { path, pair, probe, record }: Peer,
  ring: Ring,
  underlay: Underlay,
): PathStatus {
  if (path === undefined) return NO_PATH;
  const measured = { rttMs: probe.rttMs ?? null, mtu: probe.pathMtu ?? null };
  if (path.kind === 'overlay') {
    // Only the next hop is known here; each node on the way decides for itself.
    const next = ring.nextHop(record.id);
    const via = next === undefined ? [] : [next];
    return { kind: 'overlay', local: null, remote: null, via, ...measured };
  }
  const remote = formatEndpoint(path.remote);
  if (path.kind === 'turn') {
    const { relayed, server } = underlay.relayOf(path);
    const local = relayed === undefined ? null : formatEndpoint(relayed);
    return { kind: 'turn', local, remote, via: server === undefined ? [] : [server], ...measured };
  }
  const local = formatEndpoint({
    address: path.source ?? pair?.local.endpoint.address ?? '0.0.0.0',
    port: underlay.portTo(path.remote),
  });
  // The peer's relay: we send straight to it, and it passes on what comes.
  return pair?.relayed
    ? { kind: 'turn', local, remote, via: [remote], ...measured }
    : { kind: 'direct', local, remote, via: [], ...measured };
}

/** How many addresses peers are offered, by type. */
export function candidateCounts(underlay: Underlay): AgentStatus['candidates'] {
  const counts = { host: 0, srflx: 0, relay: 0 };
  for (const { type } of underlay.candidates) if (type !== 'prflx') counts[type] += 1;
  return counts;
}

/** The graph around this node: itself, the members, its links. */
export function overlayTopology(
  overlay: Overlay,
  self: { readonly id: NodeId; readonly name: string },
  underlay: Underlay,
): OverlayTopology {
  const own = { ...self, jid: overlay.config.xmpp.jid, self: true };
  const others = peersOf(overlay).map(({ record }) => ({
    id: record.id,
    name: record.name,
    jid: record.account,
    self: false,
  }));
  return {
    overlay: overlay.config.name,
    nodes: [own, ...others].sort((a, b) => compareNodeIds(a.id, b.id)),
    links: [...overlay.peers].flatMap(([id, peer]) => {
      const role = overlay.ring.roleOf(id);
      if (role === 'none') return [];
      const { kind, rttMs } = pathStatus(peer, overlay.ring, underlay);
      return [{ from: self.id, to: id, role, path: kind, rttMs }];
    }),
    heard: overlay.ring.heardLinks(),
  };
}

/**
 * What the nodes on a way told, for people.
 *
 * @param rttMs from this node to the target and back, measured.
 */
export function traceHops(
  overlay: Overlay,
  steps: readonly TraceStep[],
  target: NodeId,
  rttMs: number | null,
  underlay: Underlay,
): TraceHop[] {
  let sum: number | null = 0;
  return steps.map(({ id, path: kind, reason, rttMs: stepMs }, index) => {
    sum = sum === null || stepMs === null ? null : sum + stepMs;
    const neighbour = index === 0 ? overlay.peers.get(id) : undefined;
    const path =
      neighbour === undefined
        ? { ...NO_PATH, kind, rttMs: stepMs }
        : pathStatus(neighbour, overlay.ring, underlay);
    const name = overlay.members.get(id)?.record.name ?? id.slice(0, 8);
    return { id, name, path, reason, rttMs: id === target ? rttMs : sum };
  });
}

function peersOf(overlay: Overlay): Pick<OverlayMember, 'record'>[] {
  const members = overlay.members.all();
  const known = new Set(members.map(({ record }) => record.id));
  const only = [...overlay.peers.values()].filter(({ record }) => !known.has(record.id));
  return [...members, ...only];
}

function sessionStatus({ session }: Peer): SessionStatus {
  if (session.state !== 'up') return { ...NO_SESSION, state: session.state };
  const ageSeconds = Math.round((performance.now() - session.since) / 1_000);
  return { state: 'up', cipher: session.cipher ?? null, ageSeconds };
}
