import { type MemberDirectory, Members, OverlayTopology, type RingPoint } from '@evio/topology';
import type { NodeId } from '@evio/types';
import { EventQueue } from './event-queue.ts';
import { LatencyWorld, type Place } from './latency-world.ts';
import { SeededRandom } from './seeded-random.ts';
import { SharedMembers } from './shared-members.ts';

export interface NetworkOptions {
  readonly seed: number;
  /** Probability that a control message is lost. */
  readonly loss: number;
  readonly successors: number;
  readonly shortcuts: number | 'auto';
  readonly proximity: boolean;
  /** `away`: members are spread by the overlay alone; each node has its own directory. */
  readonly server: 'present' | 'away';
}

export const DEFAULT_NETWORK: NetworkOptions = {
  seed: 1,
  loss: 0,
  successors: 2,
  shortcuts: 'auto',
  proximity: true,
  server: 'present',
};

/** One simulated host. */
export interface SimNode {
  readonly id: NodeId;
  readonly topology: OverlayTopology;
  readonly place: Place;
  readonly leaf: boolean;
  alive: boolean;
  /** Links that are up as the transport sees them. */
  readonly links: Set<SimNode>;
  readonly dialing: Set<SimNode>;
  /** Links that this node has ended, or that come up: it takes frames from them and uses them not. */
  readonly lingering: Set<SimNode>;
  wakeAt: number;
  sent: number;
  sentBytes: number;
  sequence: number;
}

/** Over how long all begin in {@link Network.populate}. */
const START_MS = 1_000;
/** The same with the server away. */
const GROW_MS = 60_000;
// What the simulated world does, in ms.
/** An offer through the server, one way. */
const OFFER_MS = [20, 120] as const;
/** ICE checks after the answer, besides two round trips. */
const ICE_MS = [50, 400] as const;
/** How much later than one end the other sees the link up; what comes on it before is lost. */
const LATER_MS = [0, 500] as const;
/** An offer that nobody answers is given up after this. */
const UNANSWERED_MS = 5_000;
/** A dead peer is noticed by its idle links after this (even). */
export const DETECT_MS = [1_000, 5_000] as const;
/** …and by a link that carries a frame after this: the datapath's `stalled`. */
const STALLED_MS = [250, 800] as const;
/** The server tells that somebody came, or left in order. */
const PRESENCE_MS = [50, 300] as const;
/** The server notices that a connection is dead. */
const PRESENCE_TIMEOUT_MS = [30_000, 60_000] as const;
/** What comes on a link is taken for this long after the node ended it. */
const LINGER_MS = 2_000;
/** How many members on each side of the ring are told of a change at once; for the others it alters nothing until they look. */
const NEAR = 8;

/** Thousands of nodes in one process, in virtual time. */
export class Network {
  readonly queue = new EventQueue();
  readonly random: SeededRandom;
  readonly options: NetworkOptions;
  readonly nodes = new Map<NodeId, SimNode>();
  readonly #world: LatencyWorld;
  readonly #shared = new SharedMembers();
  /** Nodes that run now, in an order of no meaning. */
  readonly living: SimNode[] = [];
  messages = 0;
  messageBytes = 0;
  /** Separate streams, so that one more draw in one place does not alter all others. */
  readonly #nodeRandom: SeededRandom;
  /** Called when a node's tables changed. */
  onTables: ((node: SimNode) => void) | undefined;
  /** Groups of nodes that can't reach each other; undefined: all can. */
  partition: ((node: SimNode) => number) | undefined;

  constructor(options: Partial<NetworkOptions> = {}) {
    this.options = { ...DEFAULT_NETWORK, ...options };
    this.random = new SeededRandom(this.options.seed);
    this.#nodeRandom = new SeededRandom(this.options.seed ^ 0x5bd1e995);
    this.#world = new LatencyWorld(new SeededRandom(this.options.seed ^ 0x2545f491));
  }

  get now(): number {
    return this.queue.now;
  }

  rttMs(a: SimNode, b: SimNode): number {
    return this.#world.rttMs(a.place, b.place);
  }

  /**
   * All sign in at once, as after a power cut, and begin within a second. With the server away they
   * come one by one over {@link GROW_MS}, and each knows one that came before.
   */
  populate(count: number, leafs = 0): void {
    for (let index = 0; index < count; index += 1) {
      // The leafs come last: the first must carry.
      const leaf = index >= count - leafs;
      if (this.options.server === 'away') {
        const at = (index / count) * GROW_MS;
        this.queue.after(at, () => void this.join(leaf, this.#anyone()));
        continue;
      }
      const node = this.#create(leaf);
      this.#shared.reveal(node.id, { sequence: 1, leaf: node.leaf, record: NO_RECORD });
      this.queue.after(this.random.between(0, START_MS), () => this.#tell(node, node));
    }
  }

  #anyone(): SimNode[] {
    const carriers = this.living.filter(({ leaf }) => !leaf);
    return carriers.slice(this.random.below(carriers.length)).slice(0, 1);
  }

  /** A node starts. With the server away it knows `knows` (at least one, but for the first). */
  join(leaf = false, knows: readonly SimNode[] = []): SimNode {
    const node = this.#create(leaf);
    if (this.options.server === 'away') {
      for (const other of knows) this.#introduce(node, other);
    } else this.#arrive(node);
    this.settle(node);
    return node;
  }

  #create(leaf: boolean): SimNode {
    const id = Buffer.from(this.random.bytes(16)).toString('hex') as NodeId;
    const away = this.options.server === 'away';
    const members: MemberDirectory = away ? new Members() : this.#shared;
    const topology = new OverlayTopology({
      self: id,
      leaf,
      successors: this.options.successors,
      shortcuts: this.options.shortcuts,
      onDemand: 8,
      proximity: this.options.proximity,
      random: count => this.#nodeRandom.bytes(count),
      members,
    });
    const node: SimNode = {
      id,
      topology,
      place: this.#world.place(),
      leaf,
      alive: true,
      links: new Set(),
      dialing: new Set(),
      lingering: new Set(),
      wakeAt: Number.POSITIVE_INFINITY,
      sent: 0,
      sentBytes: 0,
      sequence: 1,
    };
    this.nodes.set(id, node);
    this.living.push(node);
    topology.signaling(this.now, !away);
    topology.announce(this.now, { sequence: 1, record: away ? recordOf(node) : NO_RECORD });
    return node;
  }

  /** A node leaves in order. */
  leave(node: SimNode): void {
    node.topology.leave(this.now);
    this.settle(node);
    this.#stop(node);
    for (const peer of node.links) this.#detect(peer, node);
    node.links.clear();
    this.#depart(node, PRESENCE_MS);
  }

  /** A node vanishes without a word. */
  crash(node: SimNode): void {
    this.#stop(node);
    for (const peer of node.links) this.#detect(peer, node);
    node.links.clear();
    this.#depart(node, PRESENCE_TIMEOUT_MS);
  }

  /** A datagram went to a dead neighbour: the sender's datapath sees soon that nothing comes back. */
  unanswered(node: SimNode, peer: SimNode): void {
    this.queue.after(this.random.between(...STALLED_MS), () => {
      if (!node.alive || !node.links.has(peer)) return;
      node.topology.linkStalled(this.now, peer.id);
      this.settle(node);
    });
  }

  /** Whether a datagram passes between two nodes that have a link. */
  connected(a: SimNode, b: SimNode): boolean {
    return b.alive && (b.links.has(a) || b.lingering.has(a)) && this.#together(a, b);
  }

  /** Splits the network, or heals it. Links across die as they are noticed. */
  split(group: ((node: SimNode) => number) | undefined): void {
    this.partition = group;
    if (!group) return;
    for (const node of this.living) {
      for (const peer of node.links) if (!this.#together(node, peer)) this.#detect(node, peer);
    }
  }

  /** The destination as this node's tables know it. */
  pointFor(node: SimNode, id: NodeId): RingPoint {
    return node.topology.members.points.intern(id);
  }

  /** Carries out what a node wants, after each of its inputs. */
  settle(node: SimNode): void {
    for (let out = node.topology.poll(); out; out = node.topology.poll()) {
      if (out.type === 'send') this.#send(node, out.to, out.bytes);
      else if (out.type === 'link') this.#dial(node, out.id);
      else if (out.type === 'unlink') this.#unlink(node, out.id);
      else if (out.type === 'tables') this.onTables?.(node);
      else if (out.type === 'record') {
        const { id, sequence, leaf, record } = out;
        const seen = { id, sequence, leaf, record, signaling: false };
        node.topology.memberSeen(this.now, seen);
      } else if (out.type === 'refute') {
        node.sequence += 1;
        const own = { sequence: node.sequence, record: recordOf(node) };
        node.topology.announce(this.now, own);
      }
    }
    const at = node.topology.nextTimeout();
    if (at === undefined || at >= node.wakeAt) return;
    this.#wake(node, Math.max(this.now + 1, Math.ceil(at)));
  }

  #wake(node: SimNode, at: number): void {
    if (at >= node.wakeAt) return;
    node.wakeAt = at;
    this.queue.after(at - this.now, () => {
      if (node.wakeAt !== at || !node.alive) return;
      node.wakeAt = Number.POSITIVE_INFINITY;
      node.topology.tick(this.now);
      this.settle(node);
    });
  }

  #together(a: SimNode, b: SimNode): boolean {
    return !this.partition || this.partition(a) === this.partition(b);
  }

  #stop(node: SimNode): void {
    node.alive = false;
    const index = this.living.indexOf(node);
    const last = this.living.pop();
    if (last && last !== node) this.living[index] = last;
  }

  /** The server tells of a new member. */
  #arrive(node: SimNode): void {
    this.queue.after(this.random.between(...PRESENCE_MS), () => {
      if (!node.alive) return;
      this.#shared.reveal(node.id, { sequence: 1, leaf: node.leaf, record: NO_RECORD });
      this.#tell(node, node);
      for (const near of this.#near(node)) this.#tell(near, node);
    });
  }

  #tell(node: SimNode, of: SimNode): void {
    if (!node.alive) return;
    node.topology.memberSeen(this.now, presenceOf(of));
    this.settle(node);
  }

  #depart(node: SimNode, delay: readonly [number, number]): void {
    if (this.options.server === 'away') return;
    this.queue.after(this.random.between(...delay), () => {
      this.#shared.withdraw(node.topology.self);
      for (const near of this.#near(node)) {
        near.topology.memberGone(this.now, node.id);
        this.settle(near);
      }
    });
  }

  /** The living nodes beside it on the ring. */
  #near(node: SimNode): SimNode[] {
    const { carriers } = this.#shared;
    const start = this.#shared.lowerBound(node.topology.self);
    const near: SimNode[] = [];
    for (let step = -NEAR; step <= NEAR && carriers > 0; step += 1) {
      const point = this.#shared.at((((start + step) % carriers) + carriers) % carriers);
      const other = this.nodes.get(point.id);
      if (other?.alive && other !== node) near.push(other);
    }
    return near;
  }

  /** Without the server: `node` has the record of `other` (an invitation, or kept from before). */
  #introduce(node: SimNode, other: SimNode): void {
    const { id, sequence, leaf } = other;
    const seen = { id, sequence, leaf, record: recordOf(other), signaling: false };
    node.topology.memberSeen(this.now, seen);
  }

  #send(from: SimNode, to: NodeId, bytes: Uint8Array): void {
    from.sent += 1;
    from.sentBytes += bytes.length;
    this.messages += 1;
    this.messageBytes += bytes.length;
    const peer = this.nodes.get(to);
    if (!peer || !from.links.has(peer)) return;
    if (this.options.loss > 0 && this.random.next() < this.options.loss) return;
    this.queue.after(this.rttMs(from, peer) / 2, () => {
      if (!peer.alive || !peer.links.has(from) || !this.#together(from, peer)) return;
      peer.topology.control(this.now, from.id, bytes);
      this.settle(peer);
    });
  }

  #dial(node: SimNode, id: NodeId): void {
    const peer = this.nodes.get(id);
    if (!peer) return;
    node.dialing.add(peer);
    this.queue.after(this.random.between(...OFFER_MS), () => this.#offer(node, peer));
  }

  #offer(from: SimNode, to: SimNode): void {
    if (!to.alive || !this.#together(from, to)) {
      this.queue.after(UNANSWERED_MS, () => this.#failed(from, to, 'failed'));
      return;
    }
    const role = from.topology.attemptRole(to.id);
    if (!to.links.has(from)) {
      if (this.options.server === 'away') this.#introduce(to, from);
      const accepted = to.topology.accepts(this.now, from.id, role);
      this.settle(to);
      if (!accepted) {
        const delay = this.random.between(...OFFER_MS);
        this.queue.after(delay, () => this.#failed(from, to, 'refused'));
        return;
      }
    }
    const delay = this.random.between(...ICE_MS) + 2 * this.rttMs(from, to);
    this.queue.after(delay, () => this.#up(from, to));
  }

  #failed(node: SimNode, peer: SimNode, reason: 'refused' | 'failed'): void {
    node.dialing.delete(peer);
    if (!node.alive || node.links.has(peer)) return;
    node.topology.linkFailed(this.now, peer.id, reason);
    this.settle(node);
  }

  #up(a: SimNode, b: SimNode): void {
    a.dialing.delete(b);
    b.dialing.delete(a);
    if (!a.alive || a.links.has(b)) return;
    if (!b.alive || !this.#together(a, b)) {
      this.queue.after(UNANSWERED_MS, () => this.#failed(a, b, 'failed'));
      return;
    }
    this.#end(a, b);
    // Its datapath has the keys and takes frames already.
    b.lingering.add(a);
    this.queue.after(this.random.between(...LATER_MS), () => {
      b.lingering.delete(a);
      if (!a.links.has(b) || b.links.has(a)) return;
      if (b.alive && this.#together(a, b)) this.#end(b, a);
      else this.#detect(a, b);
    });
  }

  /** One end of a link is up. */
  #end(node: SimNode, peer: SimNode): void {
    node.links.add(peer);
    node.topology.linkUp(this.now, peer.id, this.rttMs(node, peer));
    this.settle(node);
  }

  #unlink(node: SimNode, id: NodeId): void {
    const peer = this.nodes.get(id);
    if (!peer || !node.links.delete(peer)) return;
    node.lingering.add(peer);
    this.queue.after(LINGER_MS, () => void node.lingering.delete(peer));
    if (peer.links.has(node)) this.#detect(peer, node);
  }

  /** `node` notices after a while that `peer` is gone, if nothing told it before. */
  #detect(node: SimNode, peer: SimNode): void {
    this.queue.after(this.random.between(...DETECT_MS), () => {
      const back = peer.alive && peer.links.has(node) && this.#together(node, peer);
      if (!node.alive || back || !node.links.delete(peer)) return;
      node.topology.linkDown(this.now, peer.id, 'failed');
      this.settle(node);
    });
  }
}

const NO_RECORD = new Uint8Array();

/** Stands for a signed node record of usual size. */
function recordOf(node: SimNode): Uint8Array {
  return new Uint8Array(300).fill(node.sequence);
}

function presenceOf({ id, sequence, leaf }: SimNode) {
  return { id, sequence, leaf, record: NO_RECORD, signaling: true };
}
