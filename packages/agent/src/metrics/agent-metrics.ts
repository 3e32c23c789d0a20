import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { AgentStatus, OverlayStatus, PeerStatus } from '../control/index.ts';
import { VERSION } from '../version.ts';
import { FAMILIES, placeOf } from './counter-families.ts';
import { eventLoopLag } from './event-loop-lag.ts';
import { OtherPeers } from './other-peers.ts';

/**
 * The metrics are made of an {@link AgentStatus} when somebody asks for them: between two scrapes they
 * cost nothing. docs/metrics.md lists them; a test holds the two equal.
 */

export interface AgentMetricsOptions {
  readonly status: () => AgentStatus;
  /** Most peers of an overlay with series of their own: the linked ones first. */
  readonly peerSeries: number;
}

/** Gauges of prom-client whose names end like a counter's. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
] as const;

/** In milliseconds, 25 days: prom-client's own look at the event loop, in whose place is ours. */
const NEVER = 2 ** 31 - 1;

const STATES = ['online', 'connecting', 'offline'] as const;
const SESSIONS = ['up', 'handshaking', 'down'] as const;
const ROLES = ['successor', 'shortcut', 'on-demand', 'static'] as const;
const PATHS = ['direct', 'turn', 'overlay', 'none'] as const;
const CANDIDATES = ['host', 'srflx', 'relay'] as const;

/** One agent's registry; its `metrics()` is what Prometheus reads. */
export function agentMetrics(options: AgentMetricsOptions): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER });
  for (const { name } of registry.getMetricsAsArray()) {
    if (name.startsWith('nodejs_eventloop_lag_')) registry.removeSingleMetric(name);
  }
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const takeLag = eventLoopLag(registry);
  const others = new OtherPeers();
  const counters = new Map(FAMILIES.map(family => [family.name, counter(registry, family)]));
  const node = nodeGauges(registry);
  const overlay = overlayGauges(registry);
  const peer = peerGauges(registry);
  // One snapshot for all metrics of a scrape; the first that is collected takes it.
  const take = () => {
    const status = options.status();
    takeLag();
    for (const each of counters.values()) each.reset();
    for (const [name, value] of Object.entries(status.counters)) {
      const { family, value: label } = placeOf(name);
      const labels = family.label === undefined ? {} : { [family.label]: label ?? '' };
      counters.get(family.name)?.inc(labels, value);
    }
    for (const each of [...Object.values(node), ...Object.values(overlay), ...Object.values(peer)])
      each.reset();
    fillNode(node, status);
    for (const each of status.overlays) {
      fillOverlay(overlay, each);
      fillPeers(peer, overlay, others, each, options.peerSeries);
    }
  };
  new Gauge({
    name: 'evio_build_info',
    help: 'Always 1; what runs here.',
    labelNames: ['version', 'node_version', 'arch'],
    registers: [registry],
  }).set({ version: VERSION, node_version: process.version, arch: process.arch }, 1);
  const metrics = registry.metrics.bind(registry);
  registry.metrics = () => {
    take();
    return metrics();
  };
  return registry;
}

function counter(registry: Registry, { name, help, label }: (typeof FAMILIES)[number]) {
  const labelNames = label === undefined ? [] : [label];
  return new Counter<string>({ name, help, labelNames, registers: [registry] });
}

const gauge =
  (registry: Registry) =>
  (name: string, help: string, ...labelNames: string[]) =>
    new Gauge<string>({ name: `evio_${name}`, help, labelNames, registers: [registry] });

function nodeGauges(registry: Registry) {
  const make = gauge(registry);
  return {
    info: make('node_info', 'Always 1; which node this is.', 'id', 'name'),
    candidates: make('candidates', 'Addresses that peers are offered; relay: at TURN.', 'type'),
    pods: make('pods', 'Pods on this host.'),
    podAddresses: make('pod_addresses', "Addresses of this node's part of the network.", 'state'),
    cniCalls: new Counter<string>({
      name: 'evio_cni_commands_total',
      help: 'What container runtimes asked.',
      labelNames: ['command', 'outcome'],
      registers: [registry],
    }),
  };
}

function fillNode(gauges: ReturnType<typeof nodeGauges>, status: AgentStatus): void {
  const { info, candidates, pods, podAddresses, cniCalls } = gauges;
  info.set({ id: status.node.id, name: status.node.name }, 1);
  for (const type of CANDIDATES) candidates.set({ type }, status.candidates[type]);
  if (status.cni === undefined) return;
  const { size, taken } = status.cni.addresses;
  pods.set(status.cni.pods.length);
  podAddresses.set({ state: 'taken' }, taken);
  podAddresses.set({ state: 'free' }, size - taken);
  for (const [command, { calls, failures }] of Object.entries(status.cni.commands)) {
    cniCalls.inc({ command, outcome: 'failed' }, failures);
    cniCalls.inc({ command, outcome: 'done' }, calls - failures);
  }
}

function overlayGauges(registry: Registry) {
  const make = gauge(registry);
  return {
    mtu: make('overlay_mtu_bytes', 'Largest IP packet on the TAP.', 'overlay', 'interface'),
    signaling: make('signaling_state', '1 for the state it is in.', 'overlay', 'state'),
    since: make(
      'signaling_state_changed_timestamp_seconds',
      'When it came into this state.',
      'overlay',
    ),
    peers: make('peers', 'Other members, by the state of their session.', 'overlay', 'session'),
    links: make('links', 'Links of this node.', 'overlay', 'role', 'path'),
    unlinked: make('unlinked_peers', 'Members without a link of this node.', 'overlay', 'path'),
    unreachable: make('unreachable_peers', 'Members that nothing reaches at present.', 'overlay'),
    refused: make('refused_accounts', 'Accounts not taken.', 'overlay', 'code'),
    omitted: make('peer_series_omitted', 'Peers without series of their own.', 'overlay'),
    keys: new Counter<string>({
      name: 'evio_keys_agreed_total',
      help: 'Times that this node and a peer came to new keys.',
      labelNames: ['overlay'],
      registers: [registry],
    }),
  };
}

function fillOverlay(
  gauges: ReturnType<typeof overlayGauges>,
  { name: overlay, interface: device, mtu, signaling, peers, refused, keysAgreed }: OverlayStatus,
): void {
  gauges.mtu.set({ overlay, interface: device }, mtu);
  for (const state of STATES) {
    gauges.signaling.set({ overlay, state }, Number(signaling.state === state));
  }
  gauges.since.set({ overlay }, Date.parse(signaling.since) / 1_000);
  // Zeroes are said too: a series that vanishes cannot be alerted on.
  for (const session of SESSIONS) gauges.peers.set({ overlay, session }, 0);
  for (const path of PATHS) {
    gauges.unlinked.set({ overlay, path }, 0);
    for (const role of ROLES) gauges.links.set({ overlay, role, path }, 0);
  }
  for (const { role, path, session } of peers) {
    gauges.peers.inc({ overlay, session: session.state });
    if (role === 'none') gauges.unlinked.inc({ overlay, path: path.kind });
    else gauges.links.inc({ overlay, role, path: path.kind });
  }
  gauges.unreachable.set({ overlay }, peers.filter(({ reachable }) => !reachable).length);
  for (const { code } of refused) gauges.refused.inc({ overlay, code });
  gauges.keys.inc({ overlay }, keysAgreed);
}

const PEER = ['overlay', 'peer', 'id'] as const;

function peerGauges(registry: Registry) {
  const make = gauge(registry);
  const count = (name: string, help: string) =>
    new Counter<string>({ name: `evio_${name}`, help, labelNames: PEER, registers: [registry] });
  return {
    up: make('peer_session_up', '1 when keys are agreed with it.', ...PEER),
    age: make('peer_session_age_seconds', 'Since the keys in use were agreed.', ...PEER),
    path: make('peer_path', '1 for the kind of its path.', ...PEER, 'kind'),
    rtt: make('peer_rtt_seconds', 'Smoothed round trip.', ...PEER),
    mtu: make('peer_path_mtu_bytes', 'Largest UDP payload that fits the path.', ...PEER),
    received: count('peer_receive_bytes_total', 'UDP payload from it, authenticated.'),
    sent: count('peer_transmit_bytes_total', 'UDP payload to it.'),
  };
}

function fillPeers(
  gauges: ReturnType<typeof peerGauges>,
  { omitted }: ReturnType<typeof overlayGauges>,
  others: OtherPeers,
  { name: overlay, peers }: OverlayStatus,
  most: number,
): void {
  const linkedFirst = [...peers].sort(
    (a, b) => Number(a.role === 'none') - Number(b.role === 'none'),
  );
  const own = linkedFirst.slice(0, most);
  const rest = linkedFirst.slice(most);
  for (const peer of own) fillPeer(gauges, overlay, peer);
  omitted.set({ overlay }, rest.length);
  const { rxBytes, txBytes } = others.count(overlay, own, rest);
  if (rest.length === 0 && rxBytes + txBytes === 0) return;
  const labels = { overlay, peer: 'other', id: '' };
  gauges.received.inc(labels, rxBytes);
  gauges.sent.inc(labels, txBytes);
}

function fillPeer(
  gauges: ReturnType<typeof peerGauges>,
  overlay: string,
  { id, name, path, session, rxBytes, txBytes }: PeerStatus,
): void {
  const labels = { overlay, peer: name, id };
  gauges.up.set(labels, Number(session.state === 'up'));
  if (session.ageSeconds !== null) gauges.age.set(labels, session.ageSeconds);
  gauges.path.set({ ...labels, kind: path.kind }, 1);
  if (path.rttMs !== null) gauges.rtt.set(labels, path.rttMs / 1_000);
  if (path.mtu !== null) gauges.mtu.set(labels, path.mtu);
  gauges.received.inc(labels, rxBytes);
  gauges.sent.inc(labels, txBytes);
}
