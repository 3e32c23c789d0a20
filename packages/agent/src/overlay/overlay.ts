import type { DatapathEvent, OverlayHandle, PeerHandle } from '@evio/datapath';
import { encodeNodeRecord, type PinStore } from '@evio/session';
import {
  type LinkMessage,
  type Members as MemberAccounts,
  type PeerEvent,
  SignalingClient,
  type SignalingCounters,
  type SignalingState,
} from '@evio/signaling';
import { EvioError, type Mac, type NodeId } from '@evio/types';
import { Subscription } from 'rxjs';
import type { OverlayConfig } from '../config/index.ts';
import type { Peer } from '../peer/peer.ts';
import type { TraceStep } from '../peer/trace-message-codec.ts';
import { setUpInterface, type WallClock, type WantedInterface } from '../system/index.ts';
import { type Admission, Members } from './members.ts';
import { Mesh, type MeshOptions, type MeshOwner } from './mesh.ts';
import type { PodClaims } from './pod-claims.ts';
import { type Announcement, RefusedAccounts } from './refused-accounts.ts';
import type { Ring } from './ring.ts';
import { tapMac } from './tap-mac.ts';

/** What an overlay needs of the agent around it. */
export interface OverlayOptions extends Omit<MeshOptions, 'handle' | 'owner'> {
  /** This node's name. */
  readonly name: string;
  readonly pins: PinStore;
  readonly wallClock: WallClock;
  /** The division of the pod network that this overlay carries, if it carries one. */
  readonly pods?: PodClaims;
}

/**
 * One overlay on this node: its TAP, its account at the XMPP server, its members, and the mesh of
 * links among them.
 */
export class Overlay implements MeshOwner {
  readonly #options: OverlayOptions;
  readonly #handle: OverlayHandle;
  readonly #mac: Mac;
  readonly #members: Members;
  readonly #mesh: Mesh;
  readonly #refused = new RefusedAccounts();
  #config: OverlayConfig;
  #signaling: SignalingClient;
  #subscriptions = new Subscription();
  /** Of the newest record. */
  #sequence = 0;
  /** Tells this run from the one before; see the node record. */
  readonly #incarnation: bigint;
  #keysAgreed = 0;
  #state: SignalingState = { state: 'offline', since: performance.now() };

  private constructor(options: OverlayOptions, handle: OverlayHandle, mac: Mac) {
    const { config, identity, pins, random } = options;
    this.#options = options;
    this.#incarnation = Buffer.from(random(8)).readBigUInt64BE();
    this.#handle = handle;
    this.#mac = mac;
    this.#config = config;
    this.#members = new Members({
      overlay: config.name,
      self: identity.nodeId,
      pins,
      own: () => ({ mac: this.#mac, addresses: this.#config.interface.addresses }),
    });
    this.#mesh = new Mesh({ ...options, handle, owner: this });
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
    const tap = datapath.openTap({
      name,
      mtu,
      mac,
      id: identity.nodeId,
      carries: !config.topology.leaf,
    });
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
    return this.#mesh.peers;
  }

  get ring(): Ring {
    return this.#mesh.ring;
  }

  /** Why an account is refused, by account. */
  get refused(): ReadonlyMap<string, EvioError> {
    return this.#refused.errors;
  }

  /** Times that new keys were agreed with a peer. */
  get keysAgreed(): number {
    return this.#keysAgreed;
  }

  get signaling(): SignalingState {
    return this.#state;
  }

  /** What signaling did and dropped since the start; not what a former account of it did. */
  get signalingCounters(): SignalingCounters {
    return this.#signaling.counters();
  }

  /** The peer with this X25519 static key. */
  peerByKey(staticPublic: Uint8Array): Peer | undefined {
    return this.#mesh.peerByKey(staticPublic);
  }

  /** The steps of a frame from here to `target`, as far as they are known after two seconds. */
  trace(target: NodeId): Promise<TraceStep[]> {
    return this.#mesh.trace(target);
  }

  /** An event of the datapath; returns whether it was for this overlay. */
  observe(event: Extract<DatapathEvent, { peer: PeerHandle }>): boolean {
    return this.#mesh.observe(event);
  }

  /** The host's addresses changed, or a server sees us elsewhere than before. */
  groundChanged(reason: string, { reconnect }: { reconnect: boolean }): void {
    if (reconnect) this.#signaling.reconnect(reason);
    this.#mesh.renew(reason);
  }

  /** An account's pin was removed: what it announced is taken after all. */
  forgot(account: string): void {
    const announced = this.#refused.announcementOf(account);
    if (announced !== undefined) this.#onAvailable(announced);
  }

  /** Takes over what changed in the configuration. @throws EvioError as {@link start}. */
  async reconfigure(config: OverlayConfig): Promise<void> {
    const former = this.#config;
    const same = (key: 'interface' | 'xmpp' | 'ice') =>
      JSON.stringify(former[key]) === JSON.stringify(config[key]);
    const wanted = wantedInterface(config);
    if (!same('interface')) await setUpInterface(wanted, { former: wantedInterface(former) });
    this.#config = config;
    this.#mesh.reconfigure(config);
    if (!same('interface')) this.#addressesFreed();
    if (!same('xmpp')) {
      this.#subscriptions.unsubscribe();
      await this.#signaling.stop();
      this.#subscriptions = new Subscription();
      this.#signaling = this.#connect();
    } else if (!same('interface') || former.topology.leaf !== config.topology.leaf) {
      this.#announce(this.#signaling);
    }
    if (!same('ice')) this.#useServers();
  }

  /** Leaves: tells the peers, signs out, and closes the TAP, which stays as a device. */
  async stop(): Promise<void> {
    // First: what comes in while we sign out would make new links.
    this.#subscriptions.unsubscribe();
    this.#mesh.stop();
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
    this.#subscriptions.add(client.members.subscribe(accounts => this.#onAccounts(accounts)));
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
    this.#announce(client);
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
    this.#announce(this.#signaling);
  }

  /** Tells the server and the overlay who we are, newer than all that was told before. */
  #announce(client: SignalingClient): void {
    const { identity, name, pods, wallClock } = this.#options;
    const sequence = Math.max(Math.trunc(wallClock.now()), this.#sequence + 1);
    this.#sequence = sequence;
    const record = encodeNodeRecord(identity, {
      account: this.#config.xmpp.jid,
      name,
      overlay: this.#config.name,
      addresses: this.#config.interface.addresses,
      mac: this.#mac,
      sequence: BigInt(sequence),
      incarnation: this.#incarnation,
      ...(pods !== undefined && { pods: pods.announcement() }),
      ...(this.#config.topology.leaf && { leaf: true }),
    });
    client.announce(record);
    this.#mesh.announce(sequence, record);
  }

  #onState(state: SignalingState): void {
    const before = this.#state.state;
    this.#state = state;
    if (state.state === before) return;
    const { logger } = this.#options;
    const details = state.error === undefined ? {} : { error: state.error.message };
    logger.info({ state: state.state, ...details }, 'signaling');
    this.#mesh.signaling(state.state === 'online');
  }

  #onPeer(event: PeerEvent): void {
    if (event.type === 'available') {
      this.#onAvailable(event);
      return;
    }
    this.#refused.gone(event.account, event.jid);
    const member = this.#members.leave(event.jid);
    if (member === undefined) return;
    this.#options.logger.info({ peer: event.account }, 'left');
    this.#mesh.gone(member.record.id);
  }

  /** A node whose account was taken out of the group loses its links, online or not. */
  #onAccounts(accounts: MemberAccounts): void {
    this.#options.pods?.setMembers(accounts.accounts());
    for (const { record } of this.#members.useAccounts(accounts)) {
      this.#options.logger.info({ peer: record.account }, 'is no member any more');
      this.#mesh.forget(record.id);
    }
    this.#addressesFreed();
  }

  #onAvailable(event: Announcement): void {
    const { jid, account } = event;
    try {
      const admission = this.#members.announce(jid, account, event.record);
      this.#refused.accepted(account);
      this.#admit(admission);
    } catch (error) {
      if (!(error instanceof EvioError)) throw error;
      if (!this.#refused.refuse(event, error)) return;
      this.#options.logger.error({ peer: account, code: error.code }, error.message);
    }
  }

  #admit(admission: Admission): void {
    if (admission.kind === 'self') return;
    const { kind, member, replaced } = admission;
    const { account, id } = member.record;
    if (replaced !== undefined) this.#mesh.forget(replaced.record.id);
    if (kind !== 'unchanged') this.#options.logger.info({ peer: account, node: id }, kind);
    this.#options.pods?.hear(member.record);
    this.#mesh.member(member, kind === 'restarted');
    if (kind === 'restarted' || kind === 'updated' || replaced !== undefined) {
      this.#addressesFreed();
    }
  }

  #onMessage(from: string, message: LinkMessage): void {
    const member = this.#members.byJid(from);
    const peer = member && this.#mesh.peers.get(member.record.id);
    if (peer === undefined) {
      this.#options.logger.debug({ from, kind: message.kind }, 'a message from no known node');
      return;
    }
    peer.receive(message, { kind: 'server', jid: from });
  }

  // -- What the mesh asks for

  send(jid: string, message: LinkMessage): Promise<void> {
    return this.#signaling.send(jid, message);
  }

  /** From now on this account is bound to these keys. */
  proven({ record }: Peer): void {
    this.#keysAgreed += 1;
    try {
      this.#options.pins.pin(this.#config.name, record.account, record, Date.now());
    } catch (error) {
      if (!(error instanceof EvioError)) throw error;
      this.#options.logger.error({ code: error.code }, error.message);
    }
  }

  recordCame(record: Uint8Array): void {
    try {
      const admission = this.#members.relayed(record);
      // What the server showed of it before, and was refused, is older.
      if (admission.kind !== 'self' && admission.kind !== 'unchanged') {
        this.#refused.accepted(admission.member.record.account);
      }
      this.#admit(admission);
    } catch (error) {
      if (!(error instanceof EvioError)) throw error;
      this.#options.logger.debug({ code: error.code }, error.message);
    }
  }

  memberLost(id: NodeId): void {
    this.#members.forget(id);
    this.#mesh.forget(id);
    this.#addressesFreed();
  }

  /** What somebody held, another may have now. */
  #addressesFreed(): void {
    for (const announced of this.#refused.withCode('ADDRESS_TAKEN')) this.#onAvailable(announced);
  }

  refute(): void {
    this.#announce(this.#signaling);
  }
}

function wantedInterface({ interface: device }: OverlayConfig): WantedInterface {
  const { name, addresses, mtu, bridge } = device;
  return { name, addresses, mtu, ...(bridge !== undefined && { bridge }) };
}
