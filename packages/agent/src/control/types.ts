import type { NodeId } from '@evio/types';

/**
 * What the control socket says, as JSON. `evio status --json` prints {@link AgentStatus} as it is:
 * other people's scripts read it, so fields are added here, never changed or removed.
 */

export interface AgentStatus {
  /** Of the agent that answers. */
  readonly version: string;
  readonly node: { readonly id: NodeId; readonly name: string };
  readonly overlays: readonly OverlayStatus[];
  /** When the agent started, ISO 8601. */
  readonly since: string;
  readonly pid: number;
  /** Bytes. */
  readonly rssBytes: number;
  /** Where datagrams of peers arrive; null for a family the host lacks. */
  readonly ports: { readonly ipv4: number | null; readonly ipv6: number | null };
  /** Addresses that peers are offered, by ICE's types: of this host, as NATs map them, at TURN. */
  readonly candidates: { readonly host: number; readonly srflx: number; readonly relay: number };
  /** Totals, and everything dropped by reason, since the start. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface OverlayStatus {
  readonly name: string;
  /** Name of the TAP device. */
  readonly interface: string;
  /** CIDRs. */
  readonly addresses: readonly string[];
  /** Bytes. */
  readonly mtu: number;
  readonly signaling: SignalingStatus;
  readonly peers: readonly PeerStatus[];
  /** Times that new keys were agreed with a peer, first ones and rekeys, since it was joined. */
  readonly keysAgreed: number;
  /** Accounts that announced themselves and were not taken, with the reason. */
  readonly refused: readonly RefusedAccount[];
}

export interface RefusedAccount {
  /** Bare JID. */
  readonly jid: string;
  /** `KEY_CHANGED`, `RECORD_FORGED` and their like. */
  readonly code: string;
  /** What happened, and the mend. */
  readonly message: string;
}

export interface SignalingStatus {
  readonly state: 'online' | 'connecting' | 'offline';
  /** Bare JID of this node's account. */
  readonly jid: string;
  /** When it came into this state, ISO 8601. */
  readonly since: string;
  /** Why it is not online, when that is known. */
  readonly error?: string;
}

export interface PeerStatus {
  readonly id: NodeId;
  /** Bare JID of its account. */
  readonly jid: string;
  readonly name: string;
  /** CIDRs. */
  readonly addresses: readonly string[];
  /** Why there is a link to it; none: there is no link, it is only known. */
  readonly role: 'successor' | 'shortcut' | 'on-demand' | 'static' | 'none';
  readonly path: PathStatus;
  readonly session: SessionStatus;
  readonly rxBytes: number;
  readonly txBytes: number;
}

export interface PathStatus {
  /** How datagrams travel: straight, by a TURN server, through other members, or not at all. */
  readonly kind: 'direct' | 'turn' | 'overlay' | 'none';
  /** `192.0.2.1:41000`; null when there is no path. */
  readonly local: string | null;
  readonly remote: string | null;
  /** What lies between: the TURN server's endpoint, or node ids in the order of travel. */
  readonly via: readonly string[];
  /** Milliseconds; null when it is not measured yet. */
  readonly rttMs: number | null;
  /** Largest UDP payload that fits the path, in bytes; null when there is no path. */
  readonly mtu: number | null;
}

export interface SessionStatus {
  readonly state: 'up' | 'handshaking' | 'down';
  /** `aes-256-gcm` or `chacha20-poly1305`; null when down. */
  readonly cipher: string | null;
  /** Since the keys in use were agreed; null when down. */
  readonly ageSeconds: number | null;
}

/** A peer with the overlay it is in: `evio peers --json` is a list of them. */
export interface PeerListing extends PeerStatus {
  readonly overlay: string;
}

/** An overlay's graph as this node sees it: `evio topology --json` is a list of them. */
export interface OverlayTopology {
  readonly overlay: string;
  /** Known nodes, this one included, in ring order. */
  readonly nodes: readonly TopologyNode[];
  /** Of this node. */
  readonly links: readonly TopologyLink[];
  /** Links of its neighbours, as they told. */
  readonly heard: readonly HeardLink[];
}

export interface HeardLink {
  readonly from: NodeId;
  readonly to: NodeId;
}

export interface TopologyNode {
  readonly id: NodeId;
  readonly jid: string;
  readonly name: string;
  readonly self: boolean;
}

export interface TopologyLink {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly role: 'successor' | 'shortcut' | 'on-demand' | 'static';
  readonly path: PathStatus['kind'];
  readonly rttMs: number | null;
}

/** A peer that a command names, already found. */
export interface PeerTarget {
  readonly overlay: string;
  readonly id: NodeId;
}

export interface PingOptions {
  /** Echo requests to send. */
  readonly count: number;
  /** Between two of them, milliseconds. */
  readonly intervalMs: number;
  /** How long each waits for its reply, milliseconds. */
  readonly timeoutMs: number;
  /** UDP payload of the echo request in bytes; 0: the smallest. */
  readonly datagramBytes: number;
  /** Aborted when the asking command goes away. */
  readonly signal: AbortSignal;
}

/** The outcome of one echo request, told when it is known. */
export interface PingReply {
  /** Counts from 1. */
  readonly sequence: number;
  /** Milliseconds; null: no reply came in time. */
  readonly rttMs: number | null;
  readonly datagramBytes: number;
  readonly path: PathStatus;
}

/** The way to a peer, hop by hop; a single hop unless it leads through other members. */
export interface Trace {
  readonly target: PeerTarget;
  /** As far as the nodes on the way answered; complete when the last one is the target. */
  readonly hops: readonly TraceHop[];
}

export interface TraceHop {
  readonly id: NodeId;
  readonly name: string;
  /** Of the datagrams from the hop before it to this one. */
  readonly path: PathStatus;
  /**
   * From this node to the hop and back, in milliseconds. Measured for the target and for neighbours,
   * else the sum of what the nodes on the way measured; null: not known, or no reply.
   */
  readonly rttMs: number | null;
  /**
   * Why the hop before it sends there: it is the target; it has a link to the target (look-ahead); it
   * leads to the node nearest to the target within two hops; or that brought nothing nearer and it is
   * the nearest neighbour (fallback).
   */
  readonly reason: 'target' | 'look-ahead' | 'nearest' | 'fallback';
}

/** What became of a reloaded configuration. */
export interface ReloadReport {
  /** One line each, such as `edge: interface.mtu: 1400 → 1300`. */
  readonly applied: readonly string[];
  /** What holds only after a restart. */
  readonly needsRestart: readonly string[];
}

/** What the control server asks of the agent. All errors thrown are `EvioError`. */
export interface AgentControl {
  status(): AgentStatus;
  topology(): readonly OverlayTopology[];
  /** Yields one reply per request; ends early when `options.signal` is aborted. */
  ping(target: PeerTarget, options: PingOptions): AsyncIterable<PingReply>;
  trace(target: PeerTarget, options: { readonly signal: AbortSignal }): Promise<Trace>;
  /** Reads the configuration again; throws `ConfigError` and changes nothing when it is wrong. */
  reload(): Promise<ReloadReport>;
  /**
   * Unpins the key of an account, so that its next one is taken. Without `overlay`: in all.
   *
   * @returns the overlays in which a key was pinned.
   */
  forget(account: string, overlay?: string): Promise<readonly string[]>;
}
