import { predictRtt, unpackCoordinate } from './coordinate.ts';
import { inIdOrder } from './id-order.ts';
import type { Neighbour } from './neighbour.ts';
import type { RingPoint } from './ring-point.ts';
import { type RouteEntry, RouteTable } from './route-table.ts';

/** What a link without a measurement is taken to cost, in milliseconds. */
const UNKNOWN_RTT_MS = 200;

interface Way {
  readonly point: RingPoint;
  readonly via: Neighbour;
  /** 1 or 2. */
  readonly hops: number;
  /** Index in the neighbour's list, for its coordinate. */
  readonly at: number;
}

/** Estimated round trip of a way, from the link's measurement and the coordinates behind it. */
function cost({ via, hops, at }: Way): number {
  const first = via.rttMs ?? UNKNOWN_RTT_MS;
  if (hops === 1) return first;
  const from = via.position();
  const to = via.list.coordinates[at];
  if (!from || to === undefined) return first + UNKNOWN_RTT_MS;
  return first + predictRtt(from, unpackCoordinate(to));
}

/**
 * Table of all that is within two hops; of several ways to a point, the one with the lowest round
 * trip. `isOfInterest`: only these points, when not all are needed.
 */
export function buildRoutes(
  self: RingPoint,
  neighbours: Iterable<Neighbour>,
  isOfInterest?: (point: RingPoint) => boolean,
): RouteTable {
  const direct: Way[] = [];
  const ways: Way[] = [];
  const leafs = new Map<RingPoint, RingPoint>();
  const leafWays: Way[] = [];
  for (const via of neighbours) {
    if (via.stalled) continue;
    if (via.leaf) {
      leafs.set(via.point, via.point);
      continue; // It carries nothing: what it is linked to is no way for us.
    }
    direct.push({ point: via.point, via, hops: 1, at: -1 });
    const { points, leafs: listedLeafs } = via.list;
    for (let at = 0; at < points.length; at += 1) {
      const point = points[at] as RingPoint;
      if (point === self || (isOfInterest && !isOfInterest(point))) continue;
      const way = { point, via, hops: 2, at };
      if (listedLeafs.length > 0 && listedLeafs.includes(point)) leafWays.push(way);
      else ways.push(way);
    }
  }
  leafWays.sort((a, b) => cost(a) - cost(b));
  for (const { point, via } of leafWays) if (!leafs.has(point)) leafs.set(point, via.point);
  return new RouteTable(self, cheapest(inIdOrder([...direct, ...ways])), leafs);
}

/** One entry per point out of the sorted ways. */
function cheapest(ways: readonly Way[]): RouteEntry[] {
  const entries: RouteEntry[] = [];
  for (let start = 0; start < ways.length; ) {
    let best = ways[start] as Way;
    let end = start + 1;
    let lowest: number | undefined;
    while (ways[end]?.point === best.point) {
      const other = ways[end] as Way;
      if (best.hops === 2) {
        lowest ??= cost(best);
        const price = cost(other);
        if (price < lowest) [best, lowest] = [other, price];
      }
      end += 1;
    }
    entries.push({ point: best.point, nextHop: best.via.point });
    start = end;
  }
  return entries;
}
