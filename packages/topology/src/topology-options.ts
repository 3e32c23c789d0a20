import type { LinkRole, NodeId } from '@evio/types';
import type { MemberDirectory } from './member-directory.ts';

export interface TopologyOptions {
  readonly self: NodeId;
  /** This node never carries others' traffic. Default: it does. */
  readonly leaf?: boolean;
  /** This node asks for no links but the static ones; those that others ask for it takes. Default: no. */
  readonly manual?: boolean;
  /** Ring neighbours on each side; at least 1. */
  readonly successors: number;
  /** Long-distance links that this node draws; `auto`: ceil(log2 n), at most 16. */
  readonly shortcuts: number | 'auto';
  /** Most on-demand links; 0: none are made or taken. */
  readonly onDemand: number;
  /** Draw shortcuts to near members (in milliseconds). Default: yes. */
  readonly proximity?: boolean;
  /** `count` random bytes. */
  readonly random: (count: number) => Uint8Array;
  /** Where members are kept. Default: a directory of its own. */
  readonly members?: MemberDirectory;
}

/** What the topology wants done. */
export type TopologyOutput =
  /** Make a link; answer with `linkUp` or `linkFailed`. */
  | { readonly type: 'link'; readonly id: NodeId; readonly role: LinkRole }
  /** End a link; no `linkDown` is expected. */
  | { readonly type: 'unlink'; readonly id: NodeId }
  /** Control bytes for a neighbour. They may be lost, not altered. */
  | { readonly type: 'send'; readonly to: NodeId; readonly bytes: Uint8Array }
  /** `routes` or `flood` changed: read them and hand them to the datapath. */
  | { readonly type: 'tables' }
  /** A node record came through the overlay: verify it, then call `memberSeen`. */
  | {
      readonly type: 'record';
      readonly id: NodeId;
      readonly sequence: number;
      readonly leaf: boolean;
      readonly record: Uint8Array;
    }
  /** A member is dead as far as the overlay knows. */
  | { readonly type: 'memberLost'; readonly id: NodeId }
  /** Others hold this node dead: sign a record with a newer sequence and call `announce`. */
  | { readonly type: 'refute' };

/** A shortcut limit for `auto`. */
export const AUTO_SHORTCUTS_MAX = 16;
/** An attempt that has not come up by now no longer counts as a hope: the next candidate is tried too. */
export const HEDGE_MS = 1_000;
/** Most attempts at a time for one side of the ring. */
export const RING_ATTEMPTS = 8;
/** Most shortcut attempts at a time. */
export const SHORTCUT_ATTEMPTS = 4;
/** Without an answer from the caller an attempt is forgotten. */
export const ATTEMPT_TIMEOUT_MS = 60_000;
/** First wait after a failed attempt; it doubles with each failure in a row. */
export const FIRST_BACKOFF_MS = 2_000;
/** How long a member that some neighbour lost is not chosen. */
export const SUSPECT_MS = 20_000;
/** How long a link may stay that neither side wants. */
export const UNWANTED_MS = 3_000;
/** Changes of the neighbour list are collected this long before they are told. */
export const FLUSH_MS = 2_000;
/** The same when a link came up and no other is on its way. */
export const HELLO_MS = 300;
/** The same when a neighbour died: others choose better if they know soon. */
export const URGENT_FLUSH_MS = 100;
/** A neighbour hears from us at least this often. */
export const KEEPALIVE_MS = 30_000;
/** A neighbour whose coordinate moved this much is told of anew. */
export const COORDINATE_MOVED_MS = 10;
/** Most links of all kinds. */
export const LINKS_MAX = 256;
/** How often a shortcut is compared with nearer members: at first, and once all were. */
export const IMPROVE_EARLY_MS = 30_000;
export const IMPROVE_LATE_MS = 300_000;
/** A shortcut is replaced when another is predicted to be this much nearer, in ratio and in ms. */
export const IMPROVE_RATIO = 0.7;
export const IMPROVE_LEAST_MS = 5;
/** Among how many members of a stretch the nearest is taken. */
export const PROXIMITY_CANDIDATES = 16;
/** On-demand: bytes per second at which a pair gets a link, and below which it loses it… */
export const ON_DEMAND_UP = 32_768;
export const ON_DEMAND_DOWN = 4_096;
/** …after this long. */
export const ON_DEMAND_IDLE_MS = 60_000;
/** How often a node without its server compares members with a neighbour. */
export const DIGEST_MS = 30_000;
