import type { SeededRandom } from './seeded-random.ts';

/** Where a node stands: its city, and the round trip of its own access link. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly accessMs: number;
  /** Makes each pair's detour its own. */
  readonly salt: number;
}

const CITIES = 40;
/** Extent of the world in milliseconds of round trip. */
const WIDTH_MS = 220;
const HEIGHT_MS = 110;

/**
 * The synthetic latency matrix: 40 cities, evenly placed on a plane of 220 × 110 ms, their sizes
 * falling as 1/rank; each node has an access link of 4 ms (median of a log-normal, σ = 0.8); the
 * route of each pair is 0–30 % longer than the straight way, so the triangle inequality does not hold.
 */
export class LatencyWorld {
  readonly #cities: { x: number; y: number; upTo: number }[] = [];
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
    let total = 0;
    for (let rank = 1; rank <= CITIES; rank += 1) {
      total += 1 / rank;
      const [x, y] = [random.between(0, WIDTH_MS), random.between(0, HEIGHT_MS)];
      this.#cities.push({ x, y, upTo: total });
    }
  }

  place(): Place {
    const total = this.#cities.at(-1)?.upTo ?? 0;
    const drawn = this.#random.between(0, total);
    const { x, y } = this.#cities.find(({ upTo }) => drawn < upTo) ?? { x: 0, y: 0 };
    const accessMs = 2 * Math.exp(0.8 * this.#random.normal());
    return { x, y, accessMs, salt: this.#random.u32() };
  }

  /** Round trip of the direct path, in ms. */
  rttMs(a: Place, b: Place): number {
    const detour = 1 + 0.3 * ((Math.imul(a.salt ^ b.salt, 0x9e3779b1) >>> 0) / 2 ** 32);
    return (Math.hypot(a.x - b.x, a.y - b.y) + a.accessMs + b.accessMs) * detour + 0.2;
  }
}
