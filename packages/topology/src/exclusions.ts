import type { RingPoint } from './ring-point.ts';

const MAX_MS = 300_000;
/** A reported failure is forgotten after this long without another. */
const FORGET_MS = 600_000;
/** So long a loss is told of, for people: longer than the server takes to tell who is gone. */
const LOST_MS = 60_000;

interface Exclusion {
  until: number;
  failures: number;
  /** When somebody last lost it. */
  lostAt?: number;
}

/**
 * Members that are not tried for a while: each failure in a row doubles the wait, up to five
 * minutes. What proves them alive (they call, or a neighbour links to them) ends it.
 */
export class Exclusions {
  readonly #excluded = new Map<RingPoint, Exclusion>();

  get size(): number {
    return this.#excluded.size;
  }

  /** An attempt failed: wait `firstMs` · 2^(failures − 1), spread by `jitter` (0…1) to ± 25 %. */
  failed(now: number, point: RingPoint, firstMs: number, jitter: number): void {
    const held = this.#excluded.get(point);
    const failures = (held?.failures ?? 0) + 1;
    const wait = Math.min(MAX_MS, firstMs * 2 ** Math.min(20, failures - 1));
    this.#excluded.set(point, { ...held, until: now + wait * (0.75 + jitter / 2), failures });
  }

  /** Somebody lost it: not tried for `ms`, without counting as a failure of ours. */
  suspect(now: number, point: RingPoint, ms: number): void {
    this.#rest(now, point, ms).lostAt = now;
  }

  /** It lives and will not have the link: not asked again for `ms`. */
  refused(now: number, point: RingPoint, ms: number): void {
    delete this.#rest(now, point, ms).lostAt;
  }

  /**
   * A neighbour has a link to it, so no suspicion is left. After failures of our own only `news` (the
   * link is new to us) is worth another attempt: a pair without a path stays one, however often
   * their common neighbours mention each other. Returns whether it may be tried again by this.
   */
  vouched(point: RingPoint, news: boolean): boolean {
    const held = this.#excluded.get(point);
    if (!held || (held.failures > 0 && !news)) return false;
    return this.#excluded.delete(point);
  }

  /** It lives and calls, or came anew. */
  clear(point: RingPoint): boolean {
    return this.#excluded.delete(point);
  }

  has(now: number, point: RingPoint): boolean {
    const held = this.#excluded.get(point);
    return held !== undefined && held.until > now;
  }

  /** Since when it has been lost to somebody who had a link; undefined after a minute. */
  lostSince(now: number, point: RingPoint): number | undefined {
    const lostAt = this.#excluded.get(point)?.lostAt;
    return lostAt !== undefined && now - lostAt < LOST_MS ? lostAt : undefined;
  }

  /** How many attempts in a row have failed. */
  failures(point: RingPoint): number {
    return this.#excluded.get(point)?.failures ?? 0;
  }

  /** When the next one may be tried again. */
  nextTimeout(now: number): number | undefined {
    let next: number | undefined;
    for (const { until } of this.#excluded.values()) {
      if (until > now && (next === undefined || until < next)) next = until;
    }
    return next;
  }

  /** Forgets what is long past. */
  sweep(now: number): void {
    for (const [point, { until }] of this.#excluded) {
      if (until + FORGET_MS < now) this.#excluded.delete(point);
    }
  }

  #rest(now: number, point: RingPoint, ms: number): Exclusion {
    const held = this.#excluded.get(point) ?? { until: 0, failures: 0 };
    held.until = Math.max(held.until, now + ms);
    this.#excluded.set(point, held);
    return held;
  }
}
