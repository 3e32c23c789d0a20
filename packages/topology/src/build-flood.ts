import { type FloodNeighbour, FloodTable } from './flood-table.ts';
import type { Neighbour } from './neighbour.ts';
import { clockwise52, isBetween, type RingPoint } from './ring-point.ts';
import type { RouteTable } from './route-table.ts';

/**
 * The flood table: all linked neighbours, and those members right behind us that we have no link to
 * but a neighbour has (they came just now, or no path to them works).
 */
export function buildFlood(
  self: RingPoint,
  neighbours: Iterable<Neighbour>,
  routes: RouteTable,
): FloodTable {
  const entries: FloodNeighbour[] = [];
  let first: RingPoint | undefined;
  for (const { point, leaf, stalled } of neighbours) {
    if (stalled) continue;
    entries.push({ id: point, peer: point, carries: !leaf });
    if (leaf) continue;
    if (!first || clockwise52(self, point) < clockwise52(self, first)) first = point;
  }
  if (!first) return new FloodTable(self, entries);
  for (const { point, nextHop } of routes.points) {
    if (point !== nextHop && isBetween(self, point, first)) {
      entries.push({ id: point, peer: nextHop, carries: true });
    }
  }
  for (const [leaf, peer] of routes.leafs) {
    if (leaf !== peer && isBetween(self, leaf, first)) {
      entries.push({ id: leaf, peer, carries: false });
    }
  }
  return new FloodTable(self, entries);
}
