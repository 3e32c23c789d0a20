import {
  FIRST_BOUND,
  type FloodTable,
  type LinkRole,
  OverlayTopology,
  type RouteTable,
  type TopologyOptions,
  type TopologyOutput,
} from '@evio/topology';
import type { NodeId } from '@evio/types';
import { WakeUp } from '../underlay/wake-up.ts';

/** Does what the topology wants, never within the input that caused it. */
export type RingOwner = (output: TopologyOutput) => void;

/**
 * Gives this node's {@link OverlayTopology} a clock: hands inputs to it, and what it wants to its
 * owner.
 *
 * @example
 * const ring = new Ring(options, perform);
 * ring.tell((topology, now) => topology.linkUp(now, id, rttMs));
 */
export class Ring {
  readonly #topology: OverlayTopology;
  readonly #wake: WakeUp;
  readonly #owner: RingOwner;

  constructor(options: TopologyOptions, owner: RingOwner) {
    this.#topology = new OverlayTopology(options);
    this.#owner = owner;
    this.#wake = new WakeUp(now => {
      this.#topology.tick(now);
      this.#drain();
      return this.#topology.nextTimeout();
    });
  }

  /** Hands an input to the topology. */
  tell<T>(input: (topology: OverlayTopology, now: number) => T): T {
    const result = input(this.#topology, performance.now());
    this.#wake.soon();
    return result;
  }

  /** What the datapath is to execute; `lost`: neighbours that died since this was last asked. */
  tables(): { routes: RouteTable; flood: FloodTable; lost: NodeId[] } {
    const { flood, routes } = this.#topology;
    return { routes, flood, lost: this.#topology.takeLost().map(({ id }) => id) };
  }

  /** Whether it is a member as far as the overlay and the server know. */
  knows(id: NodeId): boolean {
    const { members } = this.#topology;
    const point = members.points.get(id);
    return point !== undefined && members.entry(point) !== undefined;
  }

  /** Why there is a link to it; `none` when there is not. */
  roleOf(id: NodeId): LinkRole | 'none' {
    const point = this.#topology.members.points.get(id);
    return (point && this.#topology.neighbours.get(point)?.role()) ?? 'none';
  }

  /** The neighbour that gets what is for it; undefined when no way is known. */
  nextHop(id: NodeId): NodeId | undefined {
    const point = this.#topology.members.points.get(id);
    if (point === undefined || point === this.#topology.self) return undefined;
    return this.#topology.routes.next(point, { bound: FIRST_BOUND, plain: false })?.nextHop.id;
  }

  /** Says goodbye to the neighbours, and rests. */
  stop(): void {
    const now = performance.now();
    this.#topology.leave(now);
    this.#drain();
    this.#wake.stop();
  }

  /** Rests without a word: another one takes over. */
  drop(): void {
    this.#wake.stop();
  }

  #drain(): void {
    for (let out = this.#topology.poll(); out !== undefined; out = this.#topology.poll()) {
      this.#owner(out);
    }
  }
}
