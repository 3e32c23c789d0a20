import type { NodeId } from '@evio/types';
import type { Network } from './network.ts';
import type { SimNode } from './sim-node.ts';
import { walk } from './walk.ts';

// What the simulated world does, in ms.
/** An offer or an answer through the server, one way. */
const OFFER_MS = [20, 120] as const;
/** ICE checks after the answer, besides two round trips. */
const ICE_MS = [50, 400] as const;
/** How much later than one end the other sees the link up; what comes on it before is lost. */
const LATER_MS = [0, 500] as const;
/** An offer that nobody answers is given up after this. */
const UNANSWERED_MS = 5_000;
/** Through the overlay it is sent again as often as that allows. */
const OFFER_AGAIN_MS = 1_000;
/** A dead peer is noticed by its idle links after this (even). */
const DETECT_MS = [1_000, 5_000] as const;
/** …and by a link that carries a frame after this: the datapath's `stalled`. */
const STALLED_MS = [250, 800] as const;
/** What comes on a link is taken for this long after the node ended it. */
const LINGER_MS = 2_000;

/** Links between the simulated hosts: how they come up, what they carry, how their death is noticed. */
export class Transport {
  readonly #network: Network;
  /** Groups of nodes that can't reach each other; undefined: all can. */
  #group: ((node: SimNode) => number) | undefined;
  messages = 0;
  messageBytes = 0;

  constructor(network: Network) {
    this.#network = network;
  }

  /** Whether a datagram passes between two nodes that have a link. */
  connected(a: SimNode, b: SimNode): boolean {
    return b.alive && (b.links.has(a) || b.lingering.has(a)) && this.together(a, b);
  }

  /** Whether the network between the two is whole. */
  together(a: SimNode, b: SimNode): boolean {
    return !this.#group || this.#group(a) === this.#group(b);
  }

  /** Splits the network, or heals it. Links across die as they are noticed. */
  split(group: ((node: SimNode) => number) | undefined): void {
    this.#group = group;
    if (!group) return;
    for (const node of this.#network.living) {
      for (const peer of node.links) if (!this.together(node, peer)) this.detect(node, peer);
    }
  }

  /** A datagram went to a dead neighbour: the sender's datapath sees soon that nothing comes back. */
  unanswered(node: SimNode, peer: SimNode): void {
    this.#after(STALLED_MS, () => {
      if (!node.alive || !node.links.has(peer)) return;
      node.topology.linkStalled(this.#network.now, peer.id);
      this.#network.settle(node);
    });
  }

  /** Control bytes on a link. */
  send(from: SimNode, to: NodeId, bytes: Uint8Array): void {
    const { nodes, options, random, queue } = this.#network;
    this.messages += 1;
    this.messageBytes += bytes.length;
    const peer = nodes.get(to);
    if (!peer || !from.links.has(peer)) return;
    if (options.loss > 0 && random.next() < options.loss) return;
    queue.after(this.#network.rttMs(from, peer) / 2, () => {
      if (!peer.alive || !peer.links.has(from) || !this.together(from, peer)) return;
      peer.topology.control(this.#network.now, from.id, bytes);
      this.#network.settle(peer);
    });
  }

  /** A node wants a link. */
  dial(node: SimNode, id: NodeId): void {
    const peer = this.#network.nodes.get(id);
    if (!peer) return;
    node.dialing.add(peer);
    this.#offer(node, peer, this.#network.now);
  }

  /** A node ends a link. */
  unlink(node: SimNode, id: NodeId): void {
    const peer = this.#network.nodes.get(id);
    if (!peer || !node.links.delete(peer)) return;
    node.lingering.add(peer);
    this.#network.queue.after(LINGER_MS, () => void node.lingering.delete(peer));
    if (peer.links.has(node)) this.detect(peer, node);
  }

  /** `node` notices after a while that `peer` is gone, if nothing told it before. */
  detect(node: SimNode, peer: SimNode): void {
    this.#after(DETECT_MS, () => {
      const back = peer.alive && peer.links.has(node) && this.together(node, peer);
      if (!node.alive || back || !node.links.delete(peer)) return;
      node.topology.linkDown(this.#network.now, peer.id, 'failed');
      this.#network.settle(node);
    });
  }

  #after([low, high]: readonly [number, number], event: () => void): void {
    this.#network.queue.after(this.#network.random.between(low, high), event);
  }

  /** How long an offer takes now; undefined: there is no way for it. */
  #offerMs(from: SimNode, to: SimNode): number | undefined {
    if (this.#network.options.server === 'present')
      return this.#network.random.between(...OFFER_MS);
    if (from.addresses.has(to) && to.alive && this.together(from, to)) {
      return this.#network.rttMs(from, to) / 2;
    }
    const way = walk(this.#network, from, to);
    const { loss } = this.#network.options;
    if (!way.arrived || this.#network.random.next() < 1 - (1 - loss) ** way.hops) return undefined;
    return way.latencyMs;
  }

  #offer(from: SimNode, to: SimNode, since: number): void {
    if (!from.alive) return;
    const { queue, now } = this.#network;
    const ms = this.#offerMs(from, to);
    if (ms !== undefined) {
      queue.after(ms, () => this.#offered(from, to, since));
    } else if (now - since + OFFER_AGAIN_MS < UNANSWERED_MS) {
      queue.after(OFFER_AGAIN_MS, () => this.#offer(from, to, since));
    } else this.#giveUp(from, to, since);
  }

  #offered(from: SimNode, to: SimNode, since: number): void {
    if (!to.alive || !this.together(from, to)) {
      this.#giveUp(from, to, since);
      return;
    }
    const role = from.topology.attemptRole(to.id);
    if (!to.links.has(from)) {
      if (this.#network.options.server === 'away') this.#network.introduce(to, from);
      const accepted = to.topology.accepts(this.#network.now, from.id, role);
      this.#network.settle(to);
      if (!accepted) {
        this.#after(OFFER_MS, () => this.#failed(from, to, 'refused'));
        return;
      }
    }
    const { queue, random } = this.#network;
    const delay = random.between(...ICE_MS) + 2 * this.#network.rttMs(from, to);
    queue.after(delay, () => this.#up(from, to, since));
  }

  #giveUp(from: SimNode, to: SimNode, since: number): void {
    const left = Math.max(0, since + UNANSWERED_MS - this.#network.now);
    this.#network.queue.after(left, () => this.#failed(from, to, 'failed'));
  }

  #failed(node: SimNode, peer: SimNode, reason: 'refused' | 'failed'): void {
    node.dialing.delete(peer);
    if (!node.alive || node.links.has(peer)) return;
    node.topology.linkFailed(this.#network.now, peer.id, reason);
    this.#network.settle(node);
  }

  #up(a: SimNode, b: SimNode, since: number): void {
    a.dialing.delete(b);
    b.dialing.delete(a);
    if (!a.alive || a.links.has(b)) return;
    if (!b.alive || !this.together(a, b)) {
      this.#giveUp(a, b, since);
      return;
    }
    this.#end(a, b);
    // Its datapath has the keys and takes frames already.
    b.lingering.add(a);
    this.#after(LATER_MS, () => {
      b.lingering.delete(a);
      if (!a.links.has(b) || b.links.has(a)) return;
      if (b.alive && this.together(a, b)) this.#end(b, a);
      else this.detect(a, b);
    });
  }

  /** One end of a link is up. */
  #end(node: SimNode, peer: SimNode): void {
    node.links.add(peer);
    if (this.#network.options.server === 'away') node.addresses.add(peer);
    node.topology.linkUp(this.#network.now, peer.id, this.#network.rttMs(node, peer));
    this.#network.settle(node);
  }
}
