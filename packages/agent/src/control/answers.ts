import { parseNodeId } from '@evio/types';
import { z } from 'zod';

/**
 * What the control socket says, as JSON: the schemas of docs/api/openapi.json, and the types of
 * whoever asks. `evio status --json` prints {@link AgentStatus} as it is: other people's scripts read
 * it, so fields are added here, never changed or removed.
 */

const described = <T extends z.core.$ZodLooseShape>(description: string, shape: T) =>
  z.object(shape).meta({ description });
const text = (description: string) => z.string().meta({ description });
const number = (description: string) => z.number().meta({ description });
const whole = (description: string) => z.int().meta({ description });
const texts = (description: string) => z.array(z.string()).meta({ description });
const nodeId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .transform(parseNodeId)
  .meta({ description: 'Place on the ring, 32 hex digits.' });
const rttMs = (description: string) => z.number().nullable().meta({ description });
const name = z.string();

export const PathStatus = described('How datagrams to a peer travel.', {
  kind: z.enum(['direct', 'turn', 'overlay', 'none']).meta({
    description: 'Straight, by a TURN server, through other members, or not at all.',
  }),
  local: z.string().nullable().meta({
    description: '`192.0.2.1:41000`; null when there is no path.',
  }),
  remote: z.string().nullable(),
  via: texts("What lies between: the TURN server's endpoint, or node ids in the order of travel."),
  rttMs: rttMs('Milliseconds; null when it is not measured yet.'),
  mtu: z.int().nullable().meta({
    description: 'Largest UDP payload that fits the path, in bytes; null when there is no path.',
  }),
});

export const SessionStatus = described('The keys agreed with a peer.', {
  state: z.enum(['up', 'handshaking', 'down']),
  cipher: z.string().nullable().meta({
    description: '`aes-256-gcm` or `chacha20-poly1305`; null when down.',
  }),
  ageSeconds: z.number().nullable().meta({
    description: 'Since the keys in use were agreed; null when down.',
  }),
});

const role = z.enum(['successor', 'shortcut', 'on-demand', 'static']);

const peerShape = {
  id: nodeId,
  jid: text('Bare JID of its account.'),
  name,
  addresses: texts('CIDRs.'),
  role: z.enum([...role.options, 'none']).meta({
    description: 'Why there is a link to it; none: there is no link, it is only known.',
  }),
  reachable: z.boolean().meta({
    description:
      'Whether what is sent to it arrives, as far as is known: false when there is no way to it, and within 5 s when it falls silent, long before the XMPP server says that it is gone.',
  }),
  path: PathStatus,
  session: SessionStatus,
  rxBytes: number('UDP payload from it.'),
  txBytes: number('UDP payload to it.'),
};
export const PeerStatus = described('Another member of an overlay.', peerShape);
export const PeerListing = described('A peer with the overlay it is in.', {
  overlay: name,
  ...peerShape,
});

export const SignalingStatus = described('The connection to the XMPP server.', {
  state: z.enum(['online', 'connecting', 'offline']),
  jid: text("Bare JID of this node's account."),
  since: text('When it came into this state, ISO 8601.'),
  error: text('Why it is not online, when that is known.').exactOptional(),
});

export const RefusedAccount = described('An account that was not taken.', {
  jid: text('Bare JID.'),
  code: text('`KEY_CHANGED`, `RECORD_FORGED` and their like.'),
  message: text('What happened, and the mend.'),
});

export const OverlayStatus = described('One overlay on this node.', {
  name,
  interface: text('Name of the TAP device.'),
  addresses: texts('CIDRs.'),
  mtu: whole('Bytes.'),
  signaling: SignalingStatus,
  peers: z.array(PeerStatus),
  keysAgreed: whole('Times that new keys were agreed with a peer, first ones and rekeys.'),
  refused: z.array(RefusedAccount),
});

const Pod = z.object({
  network: text('Name of the network in its configuration.'),
  containerId: z.string(),
  ifName: z.string(),
  netns: z.string(),
  pod: text('As the runtime told it by CNI_ARGS.').exactOptional(),
  addresses: texts('CIDRs.'),
  hostIf: text('Its end on this host.'),
  since: text('ISO 8601.'),
});
export const CniStatus = described('Pods on this host.', {
  socket: text('Where the plugin asks.'),
  bridge: z.string(),
  mtu: whole('Bytes.'),
  ranges: texts("This node's part of the pod network; empty as long as it has none."),
  problem: text('Why it has none.').exactOptional(),
  addresses: z.object({ size: z.int(), taken: z.int() }),
  pods: z.array(Pod),
  commands: z
    .record(z.string(), z.object({ calls: z.int(), failures: z.int(), ms: z.number() }))
    .meta({ description: 'What runtimes asked, by command; `ms` is the sum.' }),
});

export const AgentStatus = described('A node, its overlays and their peers.', {
  version: text('Of the agent that answers.'),
  node: z.object({ id: nodeId, name }),
  overlays: z.array(OverlayStatus),
  since: text('When the agent started, ISO 8601.'),
  pid: z.int(),
  rssBytes: whole('Memory in use.'),
  ports: z.object({ ipv4: z.int().nullable(), ipv6: z.int().nullable() }).meta({
    description: 'Where datagrams of peers arrive; null for a family the host lacks.',
  }),
  candidates: z.object({ host: z.int(), srflx: z.int(), relay: z.int() }).meta({
    description: 'Addresses that peers are offered: of this host, as NATs map them, at TURN.',
  }),
  counters: z.record(z.string(), z.number()).meta({
    description: 'Totals, and everything dropped by reason, since the start.',
  }),
  cni: CniStatus.exactOptional(),
});

const Candidate = z.object({
  type: z.enum(['host', 'srflx', 'prflx', 'relay']),
  endpoint: text('`192.0.2.1:41000`.'),
});
const CandidatePair = z.object({
  state: z.enum(['waiting', 'in-progress', 'succeeded', 'failed']),
  selected: z.boolean(),
  relayed: z.boolean().meta({ description: 'Whether a TURN server is on the way.' }),
  rttMs: rttMs('Of the last check, milliseconds; null when none was answered.'),
  local: Candidate,
  remote: Candidate,
});
export const PeerDetail = described('How one peer is reached, in detail.', {
  overlay: name,
  id: nodeId,
  offered: z.array(Candidate).meta({ description: 'What this node offers to peers.' }),
  pairs: z.array(CandidatePair).meta({
    description: 'What ICE has tried for the link to it; empty when there is none.',
  }),
  heardMs: rttMs('Age of the last authentic datagram from it, milliseconds; null: none came.'),
  rxFrames: whole('Frames and segments from it.'),
  txFrames: whole('Frames to it; a super-frame counts as one.'),
  leaf: z.boolean().meta({ description: "Whether it never carries others' traffic." }),
  podRanges: texts('Its part of the pod network, as its record tells.'),
  devices: z.array(z.object({ mac: z.string(), ageSeconds: z.number() })).meta({
    description: 'MAC addresses heard behind it, its own aside: pods, or hosts at its bridge.',
  }),
});

const TopologyNode = z.object({ id: nodeId, jid: z.string(), name, self: z.boolean() });
const TopologyLink = z.object({
  from: nodeId,
  to: nodeId,
  role,
  path: PathStatus.shape.kind,
  rttMs: rttMs('Milliseconds; null when it is not measured yet.'),
});
export const OverlayTopology = described('A graph as this node sees it.', {
  overlay: name,
  nodes: z.array(TopologyNode).meta({
    description: 'Known nodes, this one included, in ring order.',
  }),
  links: z.array(TopologyLink).meta({ description: 'Of this node.' }),
  heard: z.array(z.object({ from: nodeId, to: nodeId })).meta({
    description: 'Links of its neighbours, as they told.',
  }),
});

export const PingReply = described('The outcome of one echo request.', {
  sequence: whole('Counts from 1.'),
  rttMs: rttMs('Milliseconds; null: no reply came in time.'),
  datagramBytes: whole('UDP payload of the request.'),
  path: PathStatus,
});
export const PingLine = z.union([
  z.object({ target: PeerListing }),
  z.object({ reply: PingReply }),
]);

export const TraceHop = described('A node on the way.', {
  id: nodeId,
  name,
  /** Of the datagrams from the hop before it to this one. */
  path: PathStatus,
  rttMs: rttMs(
    'From this node to the hop and back, in milliseconds. Measured for the target and for neighbours, else the sum of what the nodes on the way measured; null: not known, or no reply.',
  ),
  reason: z.enum(['target', 'look-ahead', 'nearest', 'fallback']).meta({
    description:
      'Why the hop before it sends there: it is the target; it has a link to the target (look-ahead); it leads to the node nearest to the target within two hops; or that brought nothing nearer and it is the nearest neighbour (fallback).',
  }),
});
export const Trace = described('The way to a peer, hop by hop.', {
  target: z.object({ overlay: name, id: nodeId }),
  hops: z.array(TraceHop).meta({
    description: 'As far as the nodes on the way answered; complete when the last is the target.',
  }),
});

export const ReloadReport = described('What became of a new configuration.', {
  applied: texts('One line each, such as `edge: interface.mtu: 1400 → 1300`.'),
  needsRestart: texts('What holds only after a restart.'),
});

export const DashboardAddress = described('Where the dashboard is.', {
  url: text('To open in a browser; the token that lets it in is the fragment.'),
});

export const Forgotten = described('Where the key of an account was unpinned.', {
  account: z.string(),
  overlays: texts('Empty when no key was pinned.'),
});

export const Failure = described('Why there is no answer.', {
  error: z.object({
    code: text('Stable, such as `NODE_UNKNOWN`.'),
    message: text('For people: what was expected and what came.'),
  }),
});

/** The schemas with a name of their own in the API's description. */
export const NAMED = {
  AgentStatus,
  CniStatus,
  DashboardAddress,
  Failure,
  Forgotten,
  OverlayStatus,
  OverlayTopology,
  PathStatus,
  PeerDetail,
  PeerListing,
  PeerStatus,
  PingReply,
  RefusedAccount,
  ReloadReport,
  SessionStatus,
  SignalingStatus,
  Trace,
  TraceHop,
} as const;
