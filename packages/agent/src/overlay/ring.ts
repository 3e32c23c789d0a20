import {
  FIRST_BOUND,
  type FloodTable,
  type LinkRole,
  OverlayTopology,
  type RouteState,
  type RouteTable,
  type TopologyOptions,
  type TopologyOutput,
} from '@evio/topology';
import type { NodeId } from '@evio/types';
import type { Peer } from '../peer/peer.ts';
import { WakeUp } from '../underlay/wake-up.ts';
import type { RoutedStep } from './route-trace.ts';

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

  /** Since when nobody known has had a link to it, after somebody had; on the clock of `performance`. */
  lostSince(id: NodeId): number | undefined {
    return this.#topology.lostSince(performance.now(), id);
  }

  /** Why there is a link to it; `none` when there is not. */
  roleOf(id: NodeId): LinkRole | 'none' {
    const point = this.#topology.members.points.get(id);
    return (point && this.#topology.neighbours.get(point)?.role()) ?? 'none';
  }

  /** The links of the neighbours, as they told; not those to this node. */
  heardLinks(): { from: NodeId; to: NodeId }[] {
    const { neighbours, self } = this.#topology;
    return [...neighbours.values()].flatMap(({ list, point: from }) =>
      list.points.filter(to => to !== self).map(to => ({ from: from.id, to: to.id })),
    );
  }

  /** The neighbour that gets what is for it; undefined when no way is known. */
  nextHop(id: NodeId): NodeId | undefined {
    const point = this.#topology.members.points.get(id);
    if (point === undefined || point === this.#topology.self) return undefined;
    return this.#topology.routes.next(point, { bound: FIRST_BOUND, plain: false })?.nextHop.id;
  }

  /** What this node does with a frame for `target`; undefined when it knows no way. */
  step(
    target: NodeId,
    state: RouteState,
    peers: ReadonlyMap<NodeId, Pick<Peer, 'path' | 'probe'>>,
  ): RoutedStep | undefined {
    const { members, routes, self } = this.#topology;
    const point = members.points.get(target);
    if (point === undefined || point === self) return undefined;
    const step = routes.next(point, state);
    const { path, probe } = (step && peers.get(step.nextHop.id)) ?? {};
    if (step === undefined || path === undefined || path.kind === 'overlay') return undefined;
    const { bound, nextHop, plain } = step;
    const leads = routes.points.some(entry => entry.point === point && entry.nextHop === nextHop);
    const reason =
      nextHop === point
        ? 'target'
        : leads || routes.leafs.get(point) === nextHop
          ? 'look-ahead'
          : plain
            ? 'fallback'
            : 'nearest';
    return { id: nextHop.id, reason, path: path.kind, rttMs: probe?.rttMs ?? null, bound, plain };
  }

  /** Says goodbye to the neighbours, and rests. */
  stop(): void {
    const now = performance.now();
    this.#topology.leave(now);
    this.#drain();
    this.#wake.stop();
  }

  /** Rests without a word to the neighbours: another one takes over. What it still wants is done. */
  drop(): void {
    this.#drain();
    this.#wake.stop();
  }

  #drain(): void {
    for (let out = this.#topology.poll(); out !== undefined; out = this.#topology.poll()) {
      this.#owner(out);
    }
  }
}
