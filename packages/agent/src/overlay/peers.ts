import type { Datapath, OverlayHandle, PeerHandle } from '@evio/datapath';
import {
  type Identity,
  type InitiationClock,
  type NodeRecord,
  PeerSession,
  type SessionIndexes,
  type Timers,
} from '@evio/session';
import type { LinkMessage } from '@evio/signaling';
import { compareNodeIds, type NodeId } from '@evio/types';
import type { OverlayConfig } from '../config/index.ts';
import type { ControlDrops } from '../peer/control-drops.ts';
import { Peer } from '../peer/peer.ts';
import type { PeerOwner } from '../peer/peer-options.ts';
import type { Logger } from '../system/index.ts';
import type { Underlay } from '../underlay/underlay.ts';
import { hostOf } from './members.ts';

/** What the peers of an overlay need of the agent around them. */
export interface PeersOptions {
  readonly identity: Identity;
  readonly clock: InitiationClock;
  readonly datapath: Datapath;
  readonly underlay: Underlay;
  readonly indexes: SessionIndexes<Peer>;
  readonly timers: Partial<Timers>;
  readonly keepaliveMs: number;
  readonly random: (bytes: number) => Uint8Array;
  readonly drops: ControlDrops;
  readonly logger: Logger;
  readonly handle: OverlayHandle;
}

/** The peers of one overlay, by all that names them, and what the datapath knows of each. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #byId = new Map<NodeId, Peer>();
  readonly #byHandle = new Map<PeerHandle, Peer>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  get byId(): ReadonlyMap<NodeId, Peer> {
    return this.#byId;
  }

  byHandle(handle: PeerHandle): Peer | undefined {
    return this.#byHandle.get(handle);
  }

  /** The peer with this X25519 static key. */
  byKey(staticPublic: Uint8Array): Peer | undefined {
    for (const peer of this.#byId.values()) {
      if (Buffer.compare(peer.record.staticPublic, staticPublic) === 0) return peer;
    }
    return undefined;
  }

  /** Makes a peer that is not there yet. */
  add(
    record: NodeRecord,
    { name, secret }: Pick<OverlayConfig, 'name' | 'secret'>,
    owner: PeerOwner,
    send: (jid: string, message: LinkMessage) => Promise<void>,
  ): Peer {
    const { clock, datapath, handle, identity, indexes, random } = this.#options;
    const peerHandle = datapath.addPeer(handle, record.id);
    datapath.learn(handle, record.mac, peerHandle);
    const session = new PeerSession({
      identity,
      overlay: name,
      peer: record,
      ...(secret !== undefined && { psk: secret }),
      aesHardware: datapath.aesHardware,
      random,
      allocateIndex: () => indexes.allocate(peer),
      releaseIndex: index => indexes.release(index),
      nextTimestamp: () => clock.next(),
      timers: this.#options.timers,
    });
    const peer: Peer = new Peer({
      record,
      overlay: handle,
      handle: peerHandle,
      session,
      datapath,
      underlay: this.#options.underlay,
      offersFirst: compareNodeIds(identity.nodeId, record.id) < 0,
      random,
      keepaliveMs: this.#options.keepaliveMs,
      send,
      drops: this.#options.drops,
      logger: this.#options.logger.child({ peer: record.name }),
      owner,
    });
    this.#byId.set(record.id, peer);
    this.#byHandle.set(peerHandle, peer);
    return peer;
  }

  /** ARP and neighbour solicitations for a record's addresses are answered on this host. */
  learnAddresses(former: NodeRecord | undefined, record: NodeRecord | undefined): void {
    const { datapath, handle } = this.#options;
    const hosts = (from: NodeRecord | undefined) => from?.addresses.map(hostOf) ?? [];
    const now = hosts(record);
    for (const address of hosts(former)) {
      if (!now.includes(address)) datapath.forgetAddress(handle, address);
    }
    if (record === undefined) return;
    for (const address of now) datapath.learnAddress(handle, address, record.mac);
  }

  /** Ends its link and its session. */
  remove(peer: Peer): void {
    this.#byId.delete(peer.record.id);
    this.#byHandle.delete(peer.handle);
    this.learnAddresses(peer.record, undefined);
    peer.close('success');
  }

  clear(): void {
    for (const peer of [...this.#byId.values()]) this.remove(peer);
  }
}
