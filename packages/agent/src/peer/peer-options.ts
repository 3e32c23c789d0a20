import type { Datapath, OverlayHandle, PeerHandle } from '@evio/datapath';
import type { NodeRecord, PeerSession } from '@evio/session';
import type { LinkMessage } from '@evio/signaling';
import type { LinkRole } from '@evio/topology';
import type { LinkOptions } from '../link/link.ts';
import type { Logger } from '../system/index.ts';
import type { Underlay } from '../underlay/underlay.ts';
import type { ControlDrops } from './control-drops.ts';
import type { ControlMessage } from './control-message.ts';
import type { Peer } from './peer.ts';

/** What a peer needs of the agent around it. */
export interface PeerOptions extends Omit<LinkOptions, 'owner' | 'session' | 'send'> {
  readonly record: NodeRecord;
  readonly overlay: OverlayHandle;
  /** The peer in the datapath; it is removed there when it closes here. */
  readonly handle: PeerHandle;
  readonly session: PeerSession;
  readonly datapath: Datapath;
  /** Milliseconds between echoes on an idle link. */
  readonly keepaliveMs: number;
  readonly logger: Logger;
  readonly underlay: Underlay;
  readonly owner: PeerOwner;
  readonly drops: ControlDrops;
  /** Sends by the XMPP server. */
  readonly send: (jid: string, message: LinkMessage) => Promise<void>;
}

/** Whom a peer tells: the overlay, and its topology. */
export interface PeerOwner {
  /** The peer proved that it holds the keys of its record. */
  proven(peer: Peer): void;
  /** Frames reach it by a link of its own, with keys. Again for each exchange that made one. */
  linkUp(peer: Peer, rttMs: number | undefined): void;
  /** What {@link linkUp} told is no more: the peer ended it, or is silent. */
  linkDown(peer: Peer, reason: 'closed' | 'failed'): void;
  /** No link could be made. */
  linkFailed(peer: Peer, reason: 'refused' | 'failed'): void;
  /** Nothing comes back on the link. */
  stalled(peer: Peer): void;
  /** A round trip on the link. */
  measured(peer: Peer, rttMs: number): void;
  /** A message for another part of the agent came from it. */
  control(peer: Peer, message: Exclude<ControlMessage, { kind: 'link' }>): void;
  /** It offers a link, for `role` if it says so: whether to take it. */
  accepts(peer: Peer, role: LinkRole | undefined): boolean;
}
