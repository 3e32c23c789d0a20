import type { NodeId } from '@evio/types';
import type { z } from 'zod';
import type * as answers from './answers.ts';

/** The values that a schema of `answers.ts` describes. They are snapshots: nobody changes one. */
export type Snapshot<T> = T extends string | number | boolean | null | undefined
  ? T
  : { readonly [Key in keyof T]: Snapshot<T[Key]> };
type Answer<Schema extends z.ZodType> = Snapshot<z.output<Schema>>;

export type AgentStatus = Answer<typeof answers.AgentStatus>;
export type OverlayStatus = Answer<typeof answers.OverlayStatus>;
export type RefusedAccount = Answer<typeof answers.RefusedAccount>;
export type SignalingStatus = Answer<typeof answers.SignalingStatus>;
export type PeerStatus = Answer<typeof answers.PeerStatus>;
export type PathStatus = Answer<typeof answers.PathStatus>;
export type SessionStatus = Answer<typeof answers.SessionStatus>;
/** How one peer is reached, in detail. */
export type PeerDetail = Answer<typeof answers.PeerDetail>;
/** A peer with the overlay it is in: `evio peers --json` is a list of them. */
export type PeerListing = Answer<typeof answers.PeerListing>;
/** An overlay's graph as this node sees it: `evio topology --json` is a list of them. */
export type OverlayTopology = Answer<typeof answers.OverlayTopology>;
export type TopologyNode = OverlayTopology['nodes'][number];
export type TopologyLink = OverlayTopology['links'][number];
export type HeardLink = OverlayTopology['heard'][number];
/** The outcome of one echo request, told when it is known. */
export type PingReply = Answer<typeof answers.PingReply>;
/** What a ping answers, line by line: who is asked, then the replies. */
export type PingLine = Answer<typeof answers.PingLine>;
/** The way to a peer, hop by hop; a single hop unless it leads through other members. */
export type Trace = Answer<typeof answers.Trace>;
export type TraceHop = Answer<typeof answers.TraceHop>;
/** What became of a reloaded configuration. */
export type ReloadReport = Answer<typeof answers.ReloadReport>;

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

/** Who is reached in an overlay, and how it stands with its server. */
export interface OverlayReach {
  readonly overlay: string;
  readonly signaling: SignalingStatus['state'];
  /** Reachable peers, in the same order while they are the same. */
  readonly peers: readonly NodeId[];
}

/** What the control server asks of the agent. All errors thrown are `EvioError`. */
export interface AgentControl {
  status(): AgentStatus;
  /** The part of {@link status} that is urgent; costs so little that it may be asked often. */
  reached(): readonly OverlayReach[];
  topology(): readonly OverlayTopology[];
  /** Yields one reply per request; ends early when `options.signal` is aborted. */
  ping(target: PeerTarget, options: PingOptions): AsyncIterable<PingReply>;
  examine(target: PeerTarget): PeerDetail;
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
