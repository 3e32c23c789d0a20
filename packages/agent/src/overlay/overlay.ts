import type { Datapath, DatapathEvent, OverlayHandle, PeerHandle } from '@evio/datapath';
import {
  encodeNodeRecord,
  type Identity,
  type InitiationClock,
  type NodeRecord,
  PeerSession,
  type PinStore,
  type SessionIndexes,
  type Timers,
} from '@evio/session';
import {
  type LinkMessage,
  type Members as MemberAccounts,
  type PeerEvent,
  SignalingClient,
  type SignalingCounters,
  type SignalingState,
} from '@evio/signaling';
import { FullMesh, type LinkPolicy, type LinkRole } from '@evio/topology';
import { compareNodeIds, EvioError, type Mac, type NodeId } from '@evio/types';
import { Subscription } from 'rxjs';
import type { OverlayConfig } from '../config/index.ts';
import { Peer } from '../peer/peer.ts';
import {
  type Logger,
  setUpInterface,
  type WallClock,
  type WantedInterface,
} from '../system/index.ts';
import type { Underlay } from '../underlay/underlay.ts';
import { hostOf, Members, type OverlayMember } from './members.ts';
import type { PodClaims } from './pod-claims.ts';
import { tapMac } from './tap-mac.ts';

type Announcement = Extract<PeerEvent, { type: 'available' }>;

/** What an overlay needs of the agent around it. */
export interface OverlayOptions {
  readonly config: OverlayConfig;
  /** This node's name. */
  readonly name: string;
  readonly identity: Identity;
  readonly pins: PinStore;
  /** Of all handshakes of the process. */
  readonly clock: InitiationClock;
  readonly wallClock: WallClock;
  readonly datapath: Datapath;
  readonly underlay: Underlay;
  /** Session indexes of the whole process. */
  readonly indexes: SessionIndexes<Peer>;
  readonly timers: Partial<Timers>;
  readonly keepaliveMs: number;
  readonly random: (bytes: number) => Uint8Array;
  /** The division of the pod network that this overlay carries, if it carries one. */
  readonly pods?: PodClaims;
  readonly logger: Logger;
}

/**
 * One overlay on this node: its TAP, its account at the XMPP server, its members, and a link to each
 * member that the policy wants one to.
 */
export class Overlay {
  readonly #options: OverlayOptions;
  readonly #handle: OverlayHandle;
  readonly #mac: Mac;
  readonly #members: Members;
  readonly #peers = new Map<NodeId, Peer>();
  /** Accounts that were refused, with what they announced, until they show something better. */
  readonly #refused = new Map<string, { event: Announcement; error: EvioError }>();
  #config: OverlayConfig;
  #policy: LinkPolicy;
  #roles: ReadonlyMap<NodeId, LinkRole> = new Map();
  #signaling: SignalingClient;
  #subscriptions = new Subscription();
  #stopped = false;
  /** Of the newest record. */
  #sequence = 0;
  #state: SignalingState = { state: 'offline', since: performance.now() };

  private constructor(options: OverlayOptions, handle: OverlayHandle, mac: Mac) {
    const { config, identity, pins } = options;
    this.#options = options;
    this.#handle = handle;
    this.#mac = mac;
    this.#config = config;
    this.#members = new Members({
      overlay: config.name,
      self: identity.nodeId,
      pins,
      own: () => ({ mac: this.#mac, addresses: this.#config.interface.addresses }),
    });
    this.#policy = new FullMesh(config.topology);
    this.#signaling = this.#connect();
  }

  /**
   * Opens the TAP, gives it its addresses, and begins to sign in.
   *
   * @throws EvioError when the TAP or its addresses cannot be set up.
   */
  static async start(options: OverlayOptions): Promise<Overlay> {
    const { config, datapath, identity } = options;
    const { name, mtu } = config.interface;
    const mac = tapMac(identity.nodeId, config.name);
    const tap = datapath.openTap({ name, mtu, mac, id: identity.nodeId });
    try {
      await setUpInterface(wantedInterface(config));
    } catch (error) {
      datapath.closeTap(tap.overlay);
      throw error;
    }
    return new Overlay(options, tap.overlay, tap.mac);
  }

  get config(): OverlayConfig {
    return this.#config;
  }

  get handle(): OverlayHandle {
    return this.#handle;
  }

  get members(): Members {
    return this.#members;
  }

  get peers(): ReadonlyMap<NodeId, Peer> {
    return this.#peers;
  }

  /** Why an account is refused, by account. */
  get refused(): ReadonlyMap<string, EvioError> {
    return new Map([...this.#refused].map(([account, { error }]) => [account, error]));
  }

  get signaling(): SignalingState {
    return this.#state;
  }

  /** What signaling did and dropped since the start; not what a former account of it did. */
  get signalingCounters(): SignalingCounters {
    return this.#signaling.counters();
  }

  roleOf(id: NodeId): LinkRole | 'none' {
    return (this.#peers.has(id) && this.#roles.get(id)) || 'none';
  }

  /** The link whose datapath peer this is. */
  peerOf(handle: PeerHandle): Peer | undefined {
    for (const peer of this.#peers.values()) if (peer.handle === handle) return peer;
    return undefined;
  }

  /** The link to the node with this X25519 static key. */
  peerByKey(staticPublic: Uint8Array): Peer | undefined {
    for (const peer of this.#peers.values()) {
      if (Buffer.compare(peer.record.staticPublic, staticPublic) === 0) return peer;
    }
    return undefined;
  }

  /** An event of the datapath; returns whether it was for this overlay. */
  observe(event: Extract<DatapathEvent, { peer: PeerHandle }>): boolean {
    const peer = this.peerOf(event.peer);
    peer?.observe(event);
    return peer !== undefined;
  }

  /** The host's addresses changed, or a server sees us elsewhere than before. */
  groundChanged(reason: string, { reconnect }: { reconnect: boolean }): void {
    if (reconnect) this.#signaling.reconnect(reason);
    for (const peer of this.#peers.values()) peer.renew(reason);
  }

  /** An account's pin was removed: what it announced is taken after all. */
  forgot(account: string): void {
    const refused = this.#refused.get(account);
    if (refused !== undefined) this.#onAvailable(refused.event);
  }

  /** Takes over what changed in the configuration. @throws EvioError as {@link start}. */
  async reconfigure(config: OverlayConfig): Promise<void> {
    const former = this.#config;
    const same = (key: 'interface' | 'xmpp' | 'topology' | 'ice') =>
      JSON.stringify(former[key]) === JSON.stringify(config[key]);
    const wanted = wantedInterface(config);
    if (!same('interface')) await setUpInterface(wanted, { former: wantedInterface(former) });
    this.#config = config;
    if (!same('topology')) {
      this.#policy = new FullMesh(config.topology);
      this.#reconcile();
    }
    if (!same('xmpp')) {
      this.#subscriptions.unsubscribe();
      await this.#signaling.stop();
      this.#subscriptions = new Subscription();
      this.#signaling = this.#connect();
    } else if (!same('interface')) {
      this.#signaling.announce(this.#record());
    }
    if (!same('ice')) this.#useServers();
  }

  /** Leaves: tells the peers, signs out, and closes the TAP, which stays as a device. */
  async stop(): Promise<void> {
    // First: what comes in while we sign out would make new links.
    this.#stopped = true;
    this.#subscriptions.unsubscribe();
    for (const peer of this.#peers.values()) peer.close('success');
    this.#peers.clear();
    await this.#signaling.stop();
    this.#options.underlay.setServers(this.#config.name, []);
    this.#options.datapath.closeTap(this.#handle);
  }

  // -- Signaling

  #connect(): SignalingClient {
    const { identity, logger, random, underlay } = this.#options;
    const { name, xmpp } = this.#config;
    const { jid, password, certificate, service, ca, group, allowPlain } = xmpp;
    const client = new SignalingClient({
      jid,
      ...(password !== undefined && { password }),
      ...(certificate !== undefined && { certificate }),
      ...(service !== undefined && { service }),
      ...(ca !== undefined && { ca }),
      allowPlain,
      group,
      resource: `evio.${name}.${identity.nodeId.slice(0, 8)}`,
      random,
      logger,
    });
    this.#subscriptions.add(client.state.subscribe(state => this.#onState(state)));
    this.#subscriptions.add(client.peers.subscribe(event => this.#onPeer(event)));
    this.#subscriptions.add(client.members.subscribe(members => this.#onMembers(members)));
    this.#subscriptions.add(
      client.messages.subscribe(({ from, message }) => this.#onMessage(from, message)),
    );
    this.#subscriptions.add(
      client.iceServers.subscribe(servers => {
        if (this.#config.ice.servers.length > 0) return;
        underlay.setServers(name, servers, ca === undefined ? {} : { ca });
      }),
    );
    if (this.#config.ice.servers.length > 0) this.#useServers();
    client.announce(this.#record());
    client.start();
    return client;
  }

  #useServers(): void {
    const { name, ice, xmpp } = this.#config;
    const ca = ice.ca ?? xmpp.ca;
    this.#options.underlay.setServers(name, ice.servers, ca === undefined ? {} : { ca });
  }

  /** Says anew who this node is; for what changes without the configuration. */
  announce(): void {
    if (!this.#stopped) this.#signaling.announce(this.#record());
  }

  #record(): Uint8Array {
    const { identity, name, pods, wallClock } = this.#options;
    // Newer than those of all former runs, and than the last one of this millisecond.
    this.#sequence = Math.max(Math.trunc(wallClock.now()), this.#sequence + 1);
    return encodeNodeRecord(identity, {
      account: this.#config.xmpp.jid,
      name,
      overlay: this.#config.name,
      addresses: this.#config.interface.addresses,
      mac: this.#mac,
      sequence: BigInt(this.#sequence),
      ...(pods !== undefined && { pods: pods.announcement() }),
    });
  }

  #onState(state: SignalingState): void {
    const before = this.#state.state;
    this.#state = state;
    if (state.state === before) return;
    const { logger } = this.#options;
    const details = state.error === undefined ? {} : { error: state.error.message };
    logger.info({ state: state.state, ...details }, 'signaling');
    for (const [id, peer] of this.#peers) {
      const member = this.#members.get(id);
      if (state.state === 'online' && member !== undefined) peer.reach(member.jid);
      else peer.unreach();
    }
  }

  #onPeer(event: PeerEvent): void {
    if (event.type === 'gone') {
      const member = this.#members.leave(event.jid);
      // Not when it was the account's former node that went.
      if (this.#refused.get(event.account)?.event.jid === event.jid) {
        this.#refused.delete(event.account);
      }
      if (member !== undefined) {
        this.#options.logger.info({ peer: event.account }, 'left');
        this.#peers.get(member.record.id)?.unreach();
        this.#reconcile();
        // What it held, another may have now.
        for (const { event: announced, error } of [...this.#refused.values()]) {
          if (error.code === 'ADDRESS_TAKEN') this.#onAvailable(announced);
        }
      }
      return;
    }
    this.#onAvailable(event);
  }

  /** A node whose account was taken out of the group loses its link, online or not. */
  #onMembers(members: MemberAccounts): void {
    this.#options.pods?.setMembers(members.accounts());
    for (const { jid, record } of this.#members.all()) {
      if (!members.has(record.account)) this.#members.leave(jid);
    }
    for (const [id, peer] of this.#peers) {
      if (members.has(peer.record.account)) continue;
      this.#options.logger.info({ peer: peer.record.account }, 'is no member any more');
      this.#end(id, peer);
    }
    this.#reconcile();
  }

  #onAvailable(event: Announcement): void {
    const { jid, account } = event;
    try {
      const admission = this.#members.announce(jid, account, event.record);
      this.#refused.delete(account);
      if (admission.kind === 'self' || admission.kind === 'unchanged') return;
      const { record } = admission.member;
      this.#options.pods?.hear(record);
      if (admission.kind === 'updated') return;
      this.#options.logger.info({ peer: account, node: record.id }, admission.kind);
      // We may have kept a link to it while its server, or ours, did not know it.
      const kept = this.#peers.get(record.id);
      this.#reconcile();
      if (kept?.record.sequence === record.sequence) kept.reach(jid);
      else if (kept !== undefined) {
        this.#forgetAddresses(kept.record);
        this.#learnAddresses(record);
        kept.restarted(record, jid);
      }
    } catch (error) {
      if (!(error instanceof EvioError)) throw error;
      if (this.#refused.get(account)?.error.message !== error.message) {
        this.#options.logger.error({ peer: account, code: error.code }, error.message);
      }
      this.#refused.set(account, { event, error });
    }
  }

  #onMessage(from: string, message: LinkMessage): void {
    const member = this.#members.byJid(from);
    const peer = member && this.#peers.get(member.record.id);
    if (peer === undefined) {
      this.#options.logger.debug({ from, kind: message.kind }, 'a message from no known node');
      return;
    }
    peer.receive(message, from);
  }

  // -- Links

  /** Makes the links that the policy wants, and ends those that nobody wants. */
  #reconcile(): void {
    if (this.#stopped) return;
    const members = this.#members.all();
    this.#roles = this.#policy.links(
      this.#options.identity.nodeId,
      members.map(({ record: { id, account, name } }) => ({ id, account, name })),
    );
    for (const [id, peer] of this.#peers) {
      const known = this.#members.get(id) !== undefined;
      // A link to a node that only lost its server goes on as long as it works.
      if (known ? !this.#roles.has(id) : !peer.alive) this.#end(id, peer);
    }
    for (const id of this.#roles.keys()) {
      const member = this.#members.get(id);
      if (member === undefined || this.#peers.has(id)) continue;
      const peer = this.#peer(member);
      this.#peers.set(id, peer);
      if (this.#state.state === 'online') peer.reach(member.jid);
    }
  }

  #end(id: NodeId, peer: Peer): void {
    this.#peers.delete(id);
    this.#forgetAddresses(peer.record);
    peer.close('success');
  }

  #peer({ record }: OverlayMember): Peer {
    const { clock, datapath, identity, indexes, logger, pins, random, timers, underlay } =
      this.#options;
    const { name, secret } = this.#config;
    const handle = datapath.addPeer(this.#handle, record.id);
    datapath.learn(this.#handle, record.mac, handle);
    this.#learnAddresses(record);
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
      timers,
    });
    const peer: Peer = new Peer({
      record,
      handle,
      session,
      datapath,
      underlay,
      offersFirst: compareNodeIds(identity.nodeId, record.id) < 0,
      random,
      keepaliveMs: this.#options.keepaliveMs,
      send: (jid, message) => this.#signaling.send(jid, message),
      logger: logger.child({ peer: record.name }),
      onProven: (proven: NodeRecord) => this.#pin(pins, proven),
      onDown: () => this.#reconcile(),
    });
    return peer;
  }

  /** ARP and ND for a member's own addresses are answered on this host: nobody has to ask it. */
  #learnAddresses({ addresses, mac }: NodeRecord): void {
    for (const cidr of addresses) {
      this.#options.datapath.learnAddress(this.#handle, hostOf(cidr), mac);
    }
  }

  #forgetAddresses({ addresses }: NodeRecord): void {
    for (const cidr of addresses) {
      this.#options.datapath.forgetAddress(this.#handle, hostOf(cidr));
    }
  }

  /** From now on this account is bound to these keys. */
  #pin(pins: PinStore, record: NodeRecord): void {
    try {
      pins.pin(this.#config.name, record.account, record, Date.now());
    } catch (error) {
      if (!(error instanceof EvioError)) throw error;
      this.#options.logger.error({ code: error.code }, error.message);
    }
  }
}

function wantedInterface({ interface: device }: OverlayConfig): WantedInterface {
  const { name, addresses, mtu, bridge } = device;
  return { name, addresses, mtu, ...(bridge !== undefined && { bridge }) };
}
