import { buildFlood } from './build-flood.ts';
import { buildRoutes } from './build-routes.ts';
import type { FloodTable } from './flood-table.ts';
import type { Links } from './links.ts';
import type { RingPoint } from './ring-point.ts';
import type { RouteTable } from './route-table.ts';

/** Look-ahead changes are collected this long before the tables are announced. */
const COLLECT_MS = 200;

/** The tables for the datapath: built when somebody reads them after a change. */
export class Tables {
  readonly #links: Links;
  readonly #announce: () => void;
  readonly #lost = new Set<RingPoint>();
  #routes: RouteTable | undefined;
  #flood: FloodTable | undefined;
  #announceAt = Number.POSITIVE_INFINITY;

  constructor(links: Links, announce: () => void) {
    this.#links = links;
    this.#announce = announce;
  }

  get routes(): RouteTable {
    this.#routes ??= buildRoutes(this.#links.self, this.#links.neighbours.values());
    return this.#routes;
  }

  get flood(): FloodTable {
    this.#flood ??= buildFlood(this.#links.self, [...this.#links.neighbours.values()]);
    return this.#flood;
  }

  /** Our own links changed: that is announced at once. */
  linksChanged(): void {
    this.#routes = undefined;
    this.#flood = undefined;
    this.#announceAt = Number.POSITIVE_INFINITY;
    this.#announce();
  }

  /** A neighbour's links changed. */
  lookAheadChanged(now: number): void {
    this.#routes = undefined;
    this.#flood = undefined;
    this.#announceAt = Math.min(this.#announceAt, now + COLLECT_MS);
  }

  /** A link died or stalls: what was flooded over it goes another way. */
  lost(point: RingPoint): void {
    this.#lost.add(point);
  }

  /** It works after all. */
  found(point: RingPoint): void {
    this.#lost.delete(point);
  }

  takeLost(): RingPoint[] {
    const lost = [...this.#lost];
    this.#lost.clear();
    return lost;
  }

  tick(now: number): void {
    if (now < this.#announceAt) return;
    this.#announceAt = Number.POSITIVE_INFINITY;
    this.#announce();
  }

  nextTimeout(): number {
    return this.#announceAt;
  }
}
