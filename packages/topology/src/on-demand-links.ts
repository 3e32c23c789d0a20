import type { Links } from './links.ts';
import type { RingPoint } from './ring-point.ts';
import { ON_DEMAND_DOWN, ON_DEMAND_IDLE_MS, ON_DEMAND_UP } from './topology-options.ts';

/** A report this much above the threshold needs no second one. */
const AT_ONCE = 4;

interface Pair {
  rate: number;
  /** Since when the rate is above the threshold, undefined when it is not. */
  highSince: number | undefined;
  lastBusy: number;
  wanted: boolean;
}

/** Direct links for pairs that talk much, as long as they do. */
export class OnDemandLinks {
  readonly #links: Links;
  readonly #most: number;
  readonly #pairs = new Map<RingPoint, Pair>();
  /** Whether any neighbour is marked on-demand. */
  #marked = false;

  constructor(links: Links, most: number) {
    this.#links = links;
    this.#most = most;
  }

  /** Bytes per second with a member, both ways, over the last second or so. */
  report(now: number, point: RingPoint, rate: number): void {
    let pair = this.#pairs.get(point);
    if (!pair) {
      if (rate < ON_DEMAND_DOWN) return;
      pair = { rate, highSince: undefined, lastBusy: now, wanted: false };
      this.#pairs.set(point, pair);
    }
    pair.rate = rate;
    if (rate >= ON_DEMAND_DOWN) pair.lastBusy = now;
    if (rate < ON_DEMAND_UP) {
      pair.highSince = undefined;
      return;
    }
    const sustained = pair.highSince !== undefined && now > pair.highSince;
    pair.highSince ??= now;
    if (sustained || rate >= ON_DEMAND_UP * AT_ONCE) this.#want(pair);
  }

  /** Marks, asks for, and lets go. */
  evaluate(now: number): void {
    if (this.#pairs.size === 0 && !this.#marked) return;
    this.#marked = false;
    for (const [point, pair] of this.#pairs) {
      if (now - pair.lastBusy >= ON_DEMAND_IDLE_MS) this.#pairs.delete(point);
      else if (pair.wanted) this.#links.request(now, point, 'on-demand');
    }
    const own = this.#own();
    own.sort((a, b) => b.rate - a.rate);
    for (const slower of own.slice(this.#most)) slower.wanted = false;
    for (const [point, neighbour] of this.#links.neighbours) {
      neighbour.onDemand = this.#pairs.get(point)?.wanted ?? false;
      if (neighbour.onDemand) this.#marked = true;
    }
  }

  nextTimeout(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { lastBusy } of this.#pairs.values()) {
      next = Math.min(next, lastBusy + ON_DEMAND_IDLE_MS);
    }
    return next;
  }

  #want(pair: Pair): void {
    if (pair.wanted || this.#most === 0) return;
    const own = this.#own();
    if (own.length >= this.#most) {
      const slowest = own.reduce((a, b) => (b.rate < a.rate ? b : a));
      if (pair.rate < slowest.rate * 2) return;
      slowest.wanted = false;
    }
    pair.wanted = true;
  }

  /** Pairs whose link nothing else asks for: these are what is bounded. */
  #own(): Pair[] {
    const own: Pair[] = [];
    for (const [point, pair] of this.#pairs) {
      const neighbour = this.#links.neighbours.get(point);
      if (pair.wanted && !neighbour?.isKeptAnyway()) own.push(pair);
    }
    return own;
  }
}
