import { type NodeId, parseNodeId } from '@evio/types';
import type { AgentControl, AgentStatus, PeerDetail, PeerStatus, PingReply } from './types.ts';

/** An agent made of words, for tests. */

export const nodeId = (text: string): NodeId => parseNodeId(text.repeat(32).slice(0, 32));

export function peer(letter: string, over: Partial<PeerStatus> = {}): PeerStatus {
  return {
    id: nodeId(letter),
    jid: `edge-${letter}@example.org`,
    name: `edge-${letter}`,
    addresses: ['10.10.0.2/16', 'fd00::2/64'],
    role: 'successor',
    reachable: true,
    path: {
      kind: 'direct',
      local: '192.0.2.1:41000',
      remote: '198.51.100.7:3000',
      via: [],
      rttMs: 12.5,
      mtu: 1452,
    },
    session: { state: 'up', cipher: 'aes-256-gcm', ageSeconds: 3 },
    rxBytes: 1024,
    txBytes: 2048,
    ...over,
  };
}

export function status(peers: readonly PeerStatus[] = [peer('b')]): AgentStatus {
  return {
    version: '0.1.0',
    node: { id: nodeId('a'), name: 'edge-a' },
    overlays: [
      {
        name: 'edge',
        interface: 'evio0',
        addresses: ['10.10.0.1/16'],
        mtu: 1400,
        signaling: {
          state: 'online',
          jid: 'edge-a@example.org',
          since: '2026-01-01T00:00:00.000Z',
        },
        peers,
        keysAgreed: 1,
        refused: [],
      },
    ],
    since: '2026-01-01T00:00:00.000Z',
    pid: 1,
    rssBytes: 80_000_000,
    ports: { ipv4: 41000, ipv6: null },
    candidates: { host: 2, srflx: 1, relay: 0 },
    counters: { rxMalformed: 0 },
  };
}

export function peerDetail(overlay: string, id: NodeId): PeerDetail {
  const local = { type: 'host', endpoint: '192.0.2.1:41000' } as const;
  const remote = { type: 'srflx', endpoint: '198.51.100.7:3000' } as const;
  return {
    overlay,
    id,
    offered: [local],
    pairs: [{ state: 'succeeded', selected: true, relayed: false, rttMs: 12.5, local, remote }],
    heardMs: 40,
    rxFrames: 3,
    txFrames: 4,
    leaf: false,
    podRanges: ['10.42.1.0/24'],
    devices: [{ mac: '02:00:00:00:00:07', ageSeconds: 2 }],
  };
}

export const pingReply = (sequence: number, rttMs: number | null = 1.5): PingReply => ({
  sequence,
  rttMs,
  datagramBytes: 52,
  path: peer('b').path,
});

/** Answers with {@link status}, also who is reached; `over` replaces single answers. */
export function agentControl(over: Partial<AgentControl> = {}): AgentControl {
  const told = over.status ?? (() => status());
  return {
    status: told,
    reached: () =>
      told().overlays.map(({ name, signaling, peers }) => ({
        overlay: name,
        signaling: signaling.state,
        peers: peers.filter(({ reachable }) => reachable).map(({ id }) => id),
      })),
    topology: () => [
      {
        overlay: 'edge',
        nodes: [
          { id: nodeId('a'), jid: 'edge-a@example.org', name: 'edge-a', self: true },
          { id: nodeId('b'), jid: 'edge-b@example.org', name: 'edge-b', self: false },
        ],
        links: [
          { from: nodeId('a'), to: nodeId('b'), role: 'successor', path: 'direct', rttMs: 12.5 },
        ],
        heard: [],
      },
    ],
    async *ping(_target, { count }) {
      for (let sequence = 1; sequence <= count; sequence++) yield pingReply(sequence);
    },
    examine: ({ overlay, id }) => peerDetail(overlay, id),
    trace: async target => ({
      target: { overlay: target.overlay, id: target.id },
      hops: [
        { id: target.id, name: 'edge-b', path: peer('b').path, rttMs: 12.5, reason: 'target' },
      ],
    }),
    reload: async () => ({ applied: ['log.level: "info" → "debug"'], needsRestart: [] }),
    forget: async (account, overlay) =>
      account === 'edge-b@example.org' ? [overlay ?? 'edge'] : [],
    ...over,
  };
}

export const dashboardUrl = () => 'http://127.0.0.1:9654/#token=abc';
