import { buildRoutes } from './build-routes.ts';
import { type FloodNeighbour, FloodTable } from './flood-table.ts';
import type { Neighbour } from './neighbour.ts';
import { clockwise52, isBetween, type RingPoint } from './ring-point.ts';

/**
 * The flood table: all linked neighbours, and those members right behind us that we have no link to
 * but a neighbour has (they came just now, or no path to them works).
 */
export function buildFlood(self: RingPoint, neighbours: readonly Neighbour[]): FloodTable {
  const entries: FloodNeighbour[] = [];
  let nearest: RingPoint | undefined;
  for (const { point, leaf, stalled } of neighbours) {
    if (stalled) continue;
    entries.push({ id: point, peer: point, carries: !leaf });
    if (leaf) continue;
    if (!nearest || clockwise52(self, point) < clockwise52(self, nearest)) nearest = point;
  }
  const first = nearest;
  if (!first) return new FloodTable(self, entries);
  const behind = buildRoutes(self, neighbours, point => isBetween(self, point, first));
  for (const { point, nextHop } of behind.points) {
    if (point !== nextHop) entries.push({ id: point, peer: nextHop, carries: true });
  }
  for (const [leaf, peer] of behind.leafs) {
    if (leaf !== peer) entries.push({ id: leaf, peer, carries: false });
  }
  return new FloodTable(self, entries);
}
