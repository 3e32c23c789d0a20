import { randomInt } from 'node:crypto';
import type { DatapathEvent, PeerHandle } from '@evio/datapath';
import type { LinkMessage } from '@evio/signaling';
import type { LinkRole, SeenMember, TopologyOutput } from '@evio/topology';
import type { NodeId } from '@evio/types';
import type { OverlayConfig } from '../config/index.ts';
import type { ControlMessage } from '../peer/control-message.ts';
import type { Peer } from '../peer/peer.ts';
import type { PeerOwner } from '../peer/peer-options.ts';
import type { TraceStep } from '../peer/trace-message-codec.ts';
import { Departures } from './departures.ts';
import type { OverlayMember } from './members.ts';
import { Peers, type PeersOptions } from './peers.ts';
import { Ring } from './ring.ts';
import { RouteTrace } from './route-trace.ts';
import { floodNeighbours, routePoints } from './tables.ts';
import { TrafficMeter } from './traffic-meter.ts';

/** How often counters are read for the topology. Milliseconds. */
const METER_INTERVAL = 1_000;

/** How long the nodes on a way have to answer a trace. */
const TRACE_TIMEOUT = 2_000;

/** What the mesh needs of the agent around it. */
export interface MeshOptions extends PeersOptions {
  readonly config: OverlayConfig;
  readonly owner: MeshOwner;
}

/** Whom the peers and the topology tell, through the mesh. */
export interface MeshOwner {
  /** Sends by the XMPP server. */
  send(jid: string, message: LinkMessage): Promise<void>;
  /** A peer proved that it holds the keys of its record. */
  proven(peer: Peer): void;
  /** A node record came through the overlay, not verified. */
  recordCame(record: Uint8Array): void;
  /** Nobody reaches this member any more, as far as the overlay and the server know. */
  memberLost(id: NodeId): void;
  /** Others take this node for dead: announce it with a newer sequence number. */
  refute(): void;
}

/**
 * All other nodes of one overlay: a {@link Peer} for each, and the {@link Ring} that says to which of
 * them links are made. What the ring decides is done here; what peers notice goes to the ring.
 */
export class Mesh implements PeerOwner {
  readonly #options: MeshOptions;
  readonly #peers: Peers;
  readonly #members = new Map<NodeId, OverlayMember>();
  readonly #departures = new Departures();
  readonly #meter = new TrafficMeter();
  readonly #traces: RouteTrace;
  readonly #timer: NodeJS.Timeout;
  #config: OverlayConfig;
  #own: { sequence: number; record: Uint8Array } | undefined;
  #online = false;
  #ring: Ring;

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#peers = new Peers(options);
    this.#traces = new RouteTrace({
      self: options.identity.nodeId,
      next: (target, state) => this.#ring.step(target, state, this.peers),
      tell: (to, message) => this.peers.get(to)?.tell({ kind: 'trace', message }),
    });
    this.#ring = this.#makeRing();
    this.#timer = setInterval(() => this.#everySecond(performance.now()), METER_INTERVAL);
    this.#timer.unref();
  }

  get peers(): ReadonlyMap<NodeId, Peer> {
    return this.#peers.byId;
  }

  get ring(): Ring {
    return this.#ring;
  }

  /** The peer with this X25519 static key. */
  peerByKey(staticPublic: Uint8Array): Peer | undefined {
    return this.#peers.byKey(staticPublic);
  }

  /** An event of the datapath; returns whether it was for a peer of this mesh. */
  observe(event: Extract<DatapathEvent, { peer: PeerHandle }>): boolean {
    const peer = this.#peers.byHandle(event.peer);
    peer?.observe(event);
    return peer !== undefined;
  }

  /** The steps of a frame from here to `target`, as far as they are known after two seconds. */
  trace(target: NodeId): Promise<TraceStep[]> {
    const token = randomInt(2 ** 32);
    const { promise, resolve } = Promise.withResolvers<TraceStep[]>();
    const timer = setTimeout(() => resolve(this.#traces.end(token)), TRACE_TIMEOUT);
    this.#traces.begin(token, target, steps => {
      clearTimeout(timer);
      resolve(steps);
    });
    return promise;
  }

  /** This node's own record, whenever it changes. */
  announce(sequence: number, record: Uint8Array): void {
    const own = { sequence, record };
    this.#own = own;
    this.#ring.tell((topology, now) => topology.announce(now, own));
  }

  /** Whether this node is signed in. */
  signaling(online: boolean): void {
    this.#online = online;
    this.#ring.tell((topology, now) => topology.signaling(now, online));
    for (const [id, { jid }] of this.#members) {
      this.peers.get(id)?.reach(online ? jid : undefined);
    }
  }

  /**
   * A verified member, new or with news.
   *
   * @param restarted it is of another process than the one before.
   */
  member(member: OverlayMember, restarted: boolean): void {
    const { record, jid } = member;
    const { id } = record;
    const former = this.peers.get(id);
    const peer =
      former ??
      this.#peers.add(record, this.#config, this, (to, message) =>
        this.#options.owner.send(to, message),
      );
    this.#peers.learnAddresses(former?.record, record);
    this.#members.set(id, member);
    if (jid !== undefined) this.#departures.present(id);
    this.#ring.tell((topology, now) => topology.memberSeen(now, seenMember(member)));
    this.#useStatic();
    peer.setRouted(this.#isRouted(id));
    peer.reach(this.#online ? jid : undefined);
    if (restarted) peer.restarted(record);
    else peer.renewed(record);
  }

  /** The server says that a member went; the overlay may know better. */
  gone(id: NodeId): void {
    const peer = this.peers.get(id);
    const member = this.#members.get(id);
    if (peer === undefined || member === undefined) return;
    this.#members.set(id, { ...member, jid: undefined });
    this.#departures.left(id);
    peer.suspect();
    peer.reach(undefined);
    this.#forgetGone();
  }

  /** Ends what there is with a node that is not a member any more. */
  forget(id: NodeId): void {
    const peer = this.peers.get(id);
    this.#departures.forget(id);
    this.#members.delete(id);
    this.#meter.forget(id);
    if (peer === undefined) return;
    if (peer.up) this.#ring.tell((topology, now) => topology.linkDown(now, id, 'closed'));
    this.#ring.tell((topology, now) => topology.memberGone(now, id));
    this.#peers.remove(peer);
  }

  /** Our addresses changed: agree with everybody anew. */
  renew(reason: string): void {
    for (const peer of this.peers.values()) peer.renew(reason);
  }

  /** Takes over another configuration: its topology, and its secret for peers to come. */
  reconfigure(config: OverlayConfig): void {
    const same = JSON.stringify(config.topology) === JSON.stringify(this.#config.topology);
    this.#config = config;
    if (same) return;
    this.#options.datapath.setCarries(this.#options.handle, !config.topology.leaf);
    this.#ring.drop();
    this.#ring = this.#makeRing();
  }

  /** Tells everybody, and ends all links. */
  stop(): void {
    clearInterval(this.#timer);
    this.#ring.stop();
    this.#peers.clear();
  }

  // -- What the peers tell

  proven(peer: Peer): void {
    this.#options.owner.proven(peer);
  }

  linkUp({ record: { id } }: Peer, rttMs: number | undefined): void {
    this.#ring.tell((topology, now) => topology.linkUp(now, id, rttMs));
  }

  linkDown({ record: { id } }: Peer, reason: 'closed' | 'failed'): void {
    this.#ring.tell((topology, now) => topology.linkDown(now, id, reason));
    this.#forgetGone();
  }

  linkFailed({ record: { id } }: Peer, reason: 'refused' | 'failed'): void {
    this.#ring.tell((topology, now) => topology.linkFailed(now, id, reason));
  }

  stalled({ record: { id } }: Peer): void {
    this.#ring.tell((topology, now) => topology.linkStalled(now, id));
  }

  measured({ record: { id } }: Peer, rttMs: number): void {
    this.#ring.tell((topology, now) => topology.linkRtt(now, id, rttMs));
  }

  control({ record: { id } }: Peer, message: Exclude<ControlMessage, { kind: 'link' }>): void {
    const { drops } = this.#options;
    if (message.kind === 'trace') {
      const dropped = this.#traces.receive(performance.now(), id, message.message);
      if (dropped === 'rate') drops.dropControlRate += 1;
      if (dropped === 'malformed') drops.dropControlMalformed += 1;
      return;
    }
    const taken = this.#ring.tell((topology, now) => topology.control(now, id, message.bytes));
    if (!taken) drops.dropControlMalformed += 1;
  }

  accepts({ record: { id } }: Peer, role: LinkRole | undefined): boolean {
    return this.#ring.tell((topology, now) => topology.accepts(now, id, role));
  }

  // -- What the topology wants

  #perform(output: TopologyOutput): void {
    switch (output.type) {
      case 'link':
        this.#link(output.id, output.role);
        break;
      case 'unlink':
        this.peers.get(output.id)?.unwant();
        break;
      case 'send':
        this.peers.get(output.to)?.tell({ kind: 'topology', bytes: output.bytes });
        break;
      case 'tables':
        this.#useTables();
        break;
      case 'record':
        this.#options.owner.recordCame(output.record);
        break;
      case 'memberLost':
        this.#lost(output.id);
        break;
      case 'refute':
        this.#options.owner.refute();
        break;
      default:
        output satisfies never;
    }
  }

  #lost(id: NodeId): void {
    this.#options.logger.info({ node: id }, 'nobody reaches it any more');
    this.peers.get(id)?.setRouted(false);
    const known = { online: this.#online, present: this.#members.get(id)?.jid !== undefined };
    if (this.#departures.lost(performance.now(), id, known)) this.#options.owner.memberLost(id);
  }

  #link(id: NodeId, role: LinkRole): void {
    const peer = this.peers.get(id);
    if (peer !== undefined) peer.want(role);
    else this.#ring.tell((topology, now) => topology.linkFailed(now, id, 'failed'));
  }

  #useTables(): void {
    const { datapath, handle } = this.#options;
    const { flood, lost, routes } = this.#ring.tables();
    datapath.setRoutes(handle, routePoints(routes, this.peers));
    datapath.setNeighbours(handle, floodNeighbours(flood, this.peers), lost);
    for (const [id, peer] of this.peers) peer.setRouted(this.#isRouted(id));
    this.#forgetGone();
  }

  /** Whether others carry what is for it: there is a next hop for any id, also of one that is lost. */
  #isRouted(id: NodeId): boolean {
    if (!this.#ring.knows(id)) return false;
    const next = this.#ring.nextHop(id);
    return next !== undefined && next !== id;
  }

  /** Those that the server calls gone, and that the overlay does not reach either. */
  #forgetGone(): void {
    if (!this.#online) return;
    for (const id of [...this.#departures.gone]) {
      this.#ring.tell((topology, now) => topology.memberGone(now, id));
      if (!this.#ring.knows(id)) this.#options.owner.memberLost(id);
    }
  }

  #useStatic(): void {
    const wanted = new Set(this.#config.topology.static);
    const ids = [...this.peers.values()]
      .map(({ record }) => record)
      .filter(({ id, account, name }) => wanted.has(id) || wanted.has(account) || wanted.has(name))
      .map(({ id }) => id);
    this.#ring.tell((topology, now) => topology.setStatic(now, ids));
  }

  #everySecond(now: number): void {
    this.#readCounters(now);
    for (const id of this.#departures.believed(now)) {
      const member = this.#members.get(id);
      if (member === undefined) continue;
      this.#ring.tell(topology => topology.memberSeen(now, seenMember(member)));
    }
  }

  #readCounters(now: number): void {
    const { datapath } = this.#options;
    for (const [id, peer] of this.peers) {
      if (peer.session.state !== 'up') continue;
      const counters = datapath.peerCounters(peer.handle);
      peer.used(now, counters.rxFrames + counters.txFrames);
      const rate = this.#meter.read(now, id, counters.rxBytes + counters.txBytes);
      if (rate !== undefined) this.#ring.tell(topology => topology.traffic(now, id, rate));
    }
  }

  // -- Parts

  #makeRing(): Ring {
    const { identity, random } = this.#options;
    const { successors, shortcuts, onDemand, leaf, manual } = this.#config.topology;
    const ring = new Ring(
      { self: identity.nodeId, leaf, manual, successors, shortcuts, onDemand, random },
      output => this.#perform(output),
    );
    // What the one before knew, if there was one.
    ring.tell((topology, now) => {
      if (this.#own !== undefined) topology.announce(now, this.#own);
      topology.signaling(now, this.#online);
      for (const member of this.#members.values()) topology.memberSeen(now, seenMember(member));
      for (const [id, peer] of this.peers) {
        if (peer.up) topology.linkUp(now, id, peer.probe.rttMs);
      }
    });
    this.#ring = ring;
    this.#useStatic();
    return ring;
  }
}

/** A member as the topology sees it. */
function seenMember({ record, signed, jid }: OverlayMember): SeenMember {
  const { id, leaf = false, sequence } = record;
  return { id, leaf, sequence: Number(sequence), record: signed, signaling: jid !== undefined };
}
