import type { MemberDirectory } from '@evio/topology';
import type { Network } from './network.ts';
import { SharedMembers } from './shared-members.ts';
import { NO_RECORD, type SimNode } from './sim-node.ts';

/** The server tells that somebody came, or left in order; in ms. */
const PRESENCE_MS = [50, 300] as const;
/** The server notices that a connection is dead. */
const PRESENCE_TIMEOUT_MS = [30_000, 60_000] as const;
/** How many members on each side of the ring are told of a change at once; for the others it alters nothing until they look. */
const NEAR = 8;

/** What the signaling server does, when it is there: it tells everybody who is. */
export class Presence {
  readonly #network: Network;
  readonly #shared = new SharedMembers();

  constructor(network: Network) {
    this.#network = network;
  }

  /** What all nodes know. */
  get members(): MemberDirectory {
    return this.#shared;
  }

  /** It is signed in from the beginning. */
  reveal(node: SimNode): void {
    this.#shared.reveal(node.id, { sequence: 1, leaf: node.leaf, record: NO_RECORD });
  }

  /** It signs in: it and those near it are told. */
  arrive(node: SimNode): void {
    const { queue, random } = this.#network;
    queue.after(random.between(...PRESENCE_MS), () => {
      if (!node.alive) return;
      this.reveal(node);
      this.tell(node, node);
      for (const near of this.#near(node)) this.tell(near, node);
    });
  }

  /** It signs out, or (not `inOrder`) its connection dies. */
  depart(node: SimNode, inOrder: boolean): void {
    const { queue, random } = this.#network;
    const [soonest, latest] = inOrder ? PRESENCE_MS : PRESENCE_TIMEOUT_MS;
    queue.after(random.between(soonest, latest), () => {
      this.#shared.withdraw(node.topology.self);
      for (const near of this.#near(node)) {
        near.topology.memberGone(this.#network.now, node.id);
        this.#network.settle(near);
      }
    });
  }

  tell(node: SimNode, { id, sequence, leaf }: SimNode): void {
    if (!node.alive) return;
    const seen = { id, sequence, leaf, record: NO_RECORD, signaling: true };
    node.topology.memberSeen(this.#network.now, seen);
    this.#network.settle(node);
  }

  /** The living nodes beside it on the ring. */
  #near(node: SimNode): SimNode[] {
    const { carriers } = this.#shared;
    const start = this.#shared.lowerBound(node.topology.self);
    const near: SimNode[] = [];
    for (let step = -NEAR; step <= NEAR && carriers > 0; step += 1) {
      const point = this.#shared.at((((start + step) % carriers) + carriers) % carriers);
      const other = this.#network.nodes.get(point.id);
      if (other?.alive && other !== node) near.push(other);
    }
    return near;
  }
}
