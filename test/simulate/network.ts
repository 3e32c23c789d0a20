import { type MemberDirectory, Members, OverlayTopology, type RingPoint } from '@evio/topology';
import type { NodeId } from '@evio/types';
import { EventQueue } from './event-queue.ts';
import { LatencyWorld } from './latency-world.ts';
import { Presence } from './presence.ts';
import { SeededRandom } from './seeded-random.ts';
import { NO_RECORD, recordOf, type SimNode } from './sim-node.ts';
import { Transport } from './transport.ts';

export interface NetworkOptions {
  readonly seed: number;
  /** Probability that a control message is lost, and with the server away a hop of an offer. */
  readonly loss: number;
  readonly successors: number;
  readonly shortcuts: number | 'auto';
  readonly proximity: boolean;
  /** All nodes make their static links only. */
  readonly manual: boolean;
  /**
   * `away`: members are spread by the overlay alone, and each node has its own directory. Offers go
   * through the overlay, or straight to the address of one that was linked or introduced before.
   */
  readonly server: 'present' | 'away';
}

export const DEFAULT_NETWORK: NetworkOptions = {
  seed: 1,
  loss: 0,
  successors: 2,
  shortcuts: 'auto',
  proximity: true,
  manual: false,
  server: 'present',
};

/** Over how long all begin in {@link Network.populate}, in ms. */
const START_MS = 1_000;
/** The same with the server away. */
const GROW_MS = 60_000;

/** Thousands of nodes in one process, in virtual time. */
export class Network {
  readonly queue = new EventQueue();
  readonly random: SeededRandom;
  readonly options: NetworkOptions;
  readonly nodes = new Map<NodeId, SimNode>();
  /** Nodes that run now, in an order of no meaning. */
  readonly living: SimNode[] = [];
  readonly transport = new Transport(this);
  readonly #presence = new Presence(this);
  readonly #world: LatencyWorld;
  /** Separate streams, so that one more draw in one place does not alter all others. */
  readonly #nodeRandom: SeededRandom;
  /** Called when a node's tables changed. */
  onTables: ((node: SimNode) => void) | undefined;

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
      this.#presence.reveal(node);
      this.queue.after(this.random.between(0, START_MS), () => this.#presence.tell(node, node));
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
      for (const other of knows) {
        node.addresses.add(other);
        this.introduce(node, other);
      }
    } else this.#presence.arrive(node);
    this.settle(node);
    return node;
  }

  #create(leaf: boolean): SimNode {
    const { successors, shortcuts, proximity, manual, server } = this.options;
    const id = Buffer.from(this.random.bytes(16)).toString('hex') as NodeId;
    const away = server === 'away';
    const members: MemberDirectory = away ? new Members() : this.#presence.members;
    const random = (count: number) => this.#nodeRandom.bytes(count);
    const ring = { successors, shortcuts, proximity, manual, onDemand: 8 };
    const topology = new OverlayTopology({ self: id, leaf, random, members, ...ring });
    const node: SimNode = {
      id,
      topology,
      place: this.#world.place(),
      leaf,
      alive: true,
      links: new Set(),
      dialing: new Set(),
      lingering: new Set(),
      addresses: new Set(),
      wakeAt: Number.POSITIVE_INFINITY,
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
    this.#stop(node, true);
  }

  /** A node vanishes without a word. */
  crash(node: SimNode): void {
    this.#stop(node, false);
  }

  #stop(node: SimNode, inOrder: boolean): void {
    node.alive = false;
    const index = this.living.indexOf(node);
    const last = this.living.pop();
    if (last && last !== node) this.living[index] = last;
    for (const peer of node.links) this.transport.detect(peer, node);
    node.links.clear();
    if (this.options.server === 'present') this.#presence.depart(node, inOrder);
  }

  /** The destination as this node's tables know it. */
  pointFor(node: SimNode, id: NodeId): RingPoint {
    return node.topology.members.points.intern(id);
  }

  /** Carries out what a node wants, after each of its inputs. */
  settle(node: SimNode): void {
    for (let out = node.topology.poll(); out; out = node.topology.poll()) {
      if (out.type === 'send') this.transport.send(node, out.to, out.bytes);
      else if (out.type === 'link') this.transport.dial(node, out.id);
      else if (out.type === 'unlink') this.transport.unlink(node, out.id);
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

  /** Without the server: `node` has the record of `other` (an invitation, or kept from before). */
  introduce(node: SimNode, other: SimNode): void {
    const { id, sequence, leaf } = other;
    const seen = { id, sequence, leaf, record: recordOf(other), signaling: false };
    node.topology.memberSeen(this.now, seen);
  }
}
