import { compareDistance, comparePoints, distance52, type RingPoint } from './ring-point.ts';

/**
 * Routing: which neighbour gets a datagram for a destination. Pure tables; the datapath executes the
 * same in C++ (docs/topology.md, "What the datapath executes").
 *
 * `points` are the carriers within one or two hops in id order, each with the neighbour that leads
 * to it. The *best point* for a destination is the one at the smallest ring distance; since the
 * points are sorted it is one of the two that enclose the destination. A datagram carries `bound`:
 *
 *     progress = (ring distance of the best point to the destination >> 97) · 2 + (1 if two hops away)
 *
 * and is passed on only to a smaller one, so it cannot loop however stale the tables are. When there
 * is none, `plain` is set for the rest of the way: then the next hop is the neighbour closest to the
 * destination, and must be closer than the node itself in all 128 bits.
 */
export interface RouteState {
  /** Progress so far; {@link FIRST_BOUND} at the source. */
  readonly bound: number;
  readonly plain: boolean;
}

/** More than any progress: 31 bits of distance, doubled, plus one. */
export const FIRST_BOUND = 0xffff_ffff;
/** What a source writes into a datagram's hop limit. Each node takes one off and drops at zero. */
export const HOP_LIMIT = 32;

export interface RouteEntry {
  readonly point: RingPoint;
  /** The neighbour to send to; the point itself when it is a neighbour. */
  readonly nextHop: RingPoint;
}

export interface RouteStep extends RouteState {
  readonly nextHop: RingPoint;
}

/** The progress value of an entry for a destination: 31 bits of distance and one of hops. */
export function progressOf({ point, nextHop }: RouteEntry, destination: RingPoint): number {
  // distance >> 97: the top 31 of the 128 bits; distance52 holds the top 52.
  const distance = Math.floor(distance52(point, destination) / 2 ** 21);
  return distance * 2 + (point === nextHop ? 0 : 1);
}

export class RouteTable {
  readonly self: RingPoint;
  /** Carriers within two hops, in id order, without `self`. */
  readonly points: readonly RouteEntry[];
  /** Leafs within two hops: only for a destination that is exactly this one. */
  readonly leafs: ReadonlyMap<RingPoint, RingPoint>;
  /** Neighbours that carry, in id order: the points that are one hop away. */
  readonly neighbours: readonly RouteEntry[];

  constructor(
    self: RingPoint,
    points: readonly RouteEntry[],
    leafs: ReadonlyMap<RingPoint, RingPoint>,
  ) {
    this.self = self;
    this.points = points;
    this.leafs = leafs;
    this.neighbours = points.filter(({ point, nextHop }) => point === nextHop);
  }

  /** Where a datagram for `destination` (not this node) goes, and with which state; undefined: nowhere. */
  next(destination: RingPoint, state: RouteState): RouteStep | undefined {
    const leaf = this.leafs.get(destination);
    if (leaf === destination) return { nextHop: leaf, bound: 0, plain: state.plain };
    if (!state.plain) {
      const best = leaf
        ? { point: destination, nextHop: leaf }
        : this.#closest(this.points, destination);
      if (best && compareDistance(destination, best.point, this.self) < 0) {
        const progress = progressOf(best, destination);
        if (progress < state.bound) return { nextHop: best.nextHop, bound: progress, plain: false };
      }
    }
    const closest = this.#closest(this.neighbours, destination);
    if (!closest || compareDistance(destination, closest.point, this.self) >= 0) return undefined;
    return { nextHop: closest.nextHop, bound: 0, plain: true };
  }

  /** The entry at the smallest ring distance; of two equally far, the one counter-clockwise. */
  #closest(entries: readonly RouteEntry[], destination: RingPoint): RouteEntry | undefined {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comparePoints((entries[middle] as RouteEntry).point, destination) < 0) low = middle + 1;
      else high = middle;
    }
    const after = entries[low] ?? entries[0];
    const before = entries[low - 1] ?? entries[entries.length - 1];
    if (!after || !before) return undefined;
    return compareDistance(destination, after.point, before.point) < 0 ? after : before;
  }
}
