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
    for (const [point, pair] of this.#pairs) {
      if (now - pair.lastBusy >= ON_DEMAND_IDLE_MS) this.#pairs.delete(point);
      else if (pair.wanted) this.#links.request(now, point, 'on-demand');
    }
    for (const [point, neighbour] of this.#links.neighbours) {
      neighbour.onDemand = this.#pairs.get(point)?.wanted ?? false;
    }
  }

  nextTimeout(): number | undefined {
    let next: number | undefined;
    for (const { lastBusy } of this.#pairs.values()) {
      const at = lastBusy + ON_DEMAND_IDLE_MS;
      if (next === undefined || at < next) next = at;
    }
    return next;
  }

  #want(pair: Pair): void {
    if (pair.wanted || this.#most === 0) return;
    const wanted = [...this.#pairs.values()].filter(other => other.wanted);
    if (wanted.length >= this.#most) {
      const slowest = wanted.reduce((a, b) => (b.rate < a.rate ? b : a));
      if (pair.rate < slowest.rate * 2) return;
      slowest.wanted = false;
    }
    pair.wanted = true;
  }
}
