/** Allows `rate` events a second on average and `burst` at once. Time is in milliseconds. */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** Takes one token when there is one. */
  take(now: number): boolean {
    const elapsed = Math.max(0, now - this.#filledAt);
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsed * this.#rate) / 1000);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** A token bucket per source address, for at most `capacity` sources: the longest silent one goes. */
export class SourceLimiter {
  readonly #rate: number;
  readonly #burst: number;
  readonly #capacity: number;
  /** In order of last use. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: number, burst: number, capacity: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#capacity = capacity;
  }

  /** Number of sources remembered, at most `capacity`. */
  get size(): number {
    return this.#buckets.size;
  }

  take(now: number, address: string): boolean {
    const source = sourceOf(address);
    const bucket = this.#buckets.get(source) ?? new TokenBucket(this.#rate, this.#burst, now);
    this.#buckets.delete(source);
    this.#buckets.set(source, bucket);
    if (this.#buckets.size > this.#capacity) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return bucket.take(now);
  }
}

/** Who is limited: an IPv4 address, or the /64 of an IPv6 address, which one host may fill. */
function sourceOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - after.length;
  return [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after]
    .slice(0, 4)
    .join(':');
}
