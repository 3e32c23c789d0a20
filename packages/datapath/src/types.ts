import type { Endpoint, Mac, NodeId } from '@evio/types';

declare const brand: unique symbol;

/** Stands for an open TAP device and the overlay behind it. */
export type OverlayHandle = number & { readonly [brand]: 'OverlayHandle' };
/** Stands for a peer of one overlay; never used again for another peer (16-bit generation). */
export type PeerHandle = number & { readonly [brand]: 'PeerHandle' };
/** Stands for a TCP or TLS connection to a TURN server. */
export type StreamHandle = number & { readonly [brand]: 'StreamHandle' };

/**
 * How bytes reach a TURN server.
 *
 * `source`: the local address to send from; the kernel's choice when absent.
 */
export type Uplink =
  | { readonly kind: 'udp'; readonly server: Endpoint; readonly source?: string }
  | { readonly kind: 'stream'; readonly stream: StreamHandle };

/** How datagrams reach a peer (or a server) by UDP. For `turn`, `remote` is the peer behind the relay. */
export type UnderlayPath =
  | { readonly kind: 'direct'; readonly remote: Endpoint; readonly source?: string }
  | {
      readonly kind: 'turn';
      readonly uplink: Uplink;
      /** 0x4000 to 0x4FFF (RFC 8656 §12). */
      readonly channel: number;
      readonly remote: Endpoint;
    };

/**
 * How datagrams reach a peer. For `overlay` they go from neighbour to neighbour by the route table,
 * sealed for the peer.
 */
export type Path = UnderlayPath | { readonly kind: 'overlay' };

/**
 * For raw datagrams; `uplink` means the TURN server itself, `overlay` a node of an overlay that need
 * not be a peer (handshakes only).
 */
export type Via =
  | UnderlayPath
  | { readonly kind: 'uplink'; readonly uplink: Uplink }
  | { readonly kind: 'overlay'; readonly overlay: OverlayHandle; readonly node: NodeId };

/** A node to which the route table knows a way. */
export interface RoutePoint {
  readonly id: NodeId;
  /** The neighbour to send to; the peer that has this id when it is a neighbour itself. */
  readonly nextHop: PeerHandle;
  /** True: it carries nothing, so it is only a way to itself. */
  readonly leaf?: boolean;
}

/** Whom a node passes floods on to. */
export interface FloodNeighbour {
  readonly id: NodeId;
  /** The peer to send to: the one that has this id, or a neighbour that has a link to it when we have none. */
  readonly peer: PeerHandle;
  /** False: a leaf, that gets a copy and passes nothing on. */
  readonly carries: boolean;
}

/** The AEADs that sessions may use. */
export type Cipher = 'aes-256-gcm' | 'chacha20-poly1305';

/** The keys that a handshake yields. */
export interface SessionKeys {
  /** Receiver index that the peer writes in its datagrams; u32, unique in this process. */
  readonly localIndex: number;
  /** Receiver index that we write in ours; u32. */
  readonly remoteIndex: number;
  /** 32 bytes. */
  readonly sendKey: Uint8Array;
  /** 32 bytes. */
  readonly receiveKey: Uint8Array;
  readonly cipher: Cipher;
  /** An initiator sends with it at once; a responder after the first authenticated datagram. */
  readonly role: 'initiator' | 'responder';
}

/** What the datapath tells. */
export type DatapathEvent =
  /** STUN, a handshake, or data in a TURN channel that is STUN. `via` serves for the reply. */
  | {
      readonly type: 'datagram';
      readonly bytes: Uint8Array;
      readonly via: Via;
      /** Our address and port that it was sent to; absent on streams. */
      readonly local?: Endpoint;
    }
  /** A message that the peer gave to its `sendControl`; authenticated. */
  | { readonly type: 'control'; readonly peer: PeerHandle; readonly bytes: Uint8Array }
  /** The reply to `probe`. */
  | {
      readonly type: 'echo';
      readonly peer: PeerHandle;
      readonly token: number;
      /** As given to `probe`. */
      readonly datagramBytes: number;
      readonly rttMs: number;
    }
  /** An authenticated datagram from a new address has moved the direct path. */
  | { readonly type: 'roamed'; readonly peer: PeerHandle; readonly path: UnderlayPath }
  /** First authenticated datagram of the peer on a responder's session; it now sends with it. */
  | { readonly type: 'established'; readonly peer: PeerHandle; readonly localIndex: number }
  /** Frames wait for this peer, which has no session or no path; at most once a second. */
  | { readonly type: 'wanted'; readonly peer: PeerHandle }
  /** Sent, and nothing authenticated came back, not even to echo requests; at most once a second. */
  | { readonly type: 'stalled'; readonly peer: PeerHandle }
  /** The key has sealed 2^60 messages and seals no more. */
  | { readonly type: 'exhausted'; readonly peer: PeerHandle; readonly localIndex: number }
  /** A datagram to this peer exceeded the MTU of a device of this host and was not sent. */
  | { readonly type: 'too-big'; readonly peer: PeerHandle; readonly datagramBytes: number }
  /** A MAC was learned behind a peer, or moved to it. */
  | {
      readonly type: 'mac';
      readonly overlay: OverlayHandle;
      readonly mac: Mac;
      readonly owner: PeerHandle | 'local';
    }
  /**
   * A MAC jumps between this host and a peer: their bridges have another way to each other. It is held
   * where it was before, for 10 s; then it is looked at anew, and told again if need be.
   */
  | {
      readonly type: 'loop';
      readonly overlay: OverlayHandle;
      readonly mac: Mac;
      readonly peer: PeerHandle;
    }
  /** A stream to a TURN server opened or closed; `error` says why, absent for an orderly end. */
  | {
      readonly type: 'stream';
      readonly stream: StreamHandle;
      readonly state: 'open' | 'closed';
      readonly local?: Endpoint;
      readonly error?: string;
    }
  /** A link, an address or the default route of this host changed. */
  | { readonly type: 'network' }
  /** Something that the datapath cannot do without is gone; `message` is for people. */
  | { readonly type: 'failed'; readonly message: string };

/** What is counted about one peer. */
export interface PeerCounters {
  /** UDP payload, authenticated. */
  readonly rxBytes: number;
  readonly txBytes: number;
  /** Frames and segments received; frames (a super-frame is one) sent. */
  readonly rxFrames: number;
  readonly txFrames: number;
  /** Age in ms of the last authenticated datagram; absent when there was none. */
  readonly lastReceivedMs?: number;
  /** Age in ms of the last frame sent. */
  readonly lastSentMs?: number;
  /** Smoothed round trip (RFC 6298), from all echoes; absent before the first. */
  readonly rttMs?: number;
  /** UDP payload in bytes, as set. */
  readonly pathMtu: number;
  readonly path?: Path;
  /** `localIndex` of the session that is used for sending. */
  readonly sendingIndex?: number;
}

/** A row of an overlay's MAC table. */
export interface MacEntry {
  readonly mac: Mac;
  readonly owner: PeerHandle | 'local';
  readonly ageSeconds: number;
}
