/** A first-in first-out queue that takes at most `limit` items, each until its time is over. */
export class BoundedQueue<T> {
  readonly #limit: number;
  #items: { readonly item: T; readonly expiresAt: number }[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#items.length;
  }

  /** Whether there was room. `expiresAt` is on the caller's clock, in milliseconds. */
  push(item: T, expiresAt: number): boolean {
    if (this.#items.length >= this.#limit) return false;
    this.#items.push({ item, expiresAt });
    return true;
  }

  /** The oldest item that fits, taken out. */
  take(fits: (item: T) => boolean): T | undefined {
    const index = this.#items.findIndex(({ item }) => fits(item));
    return index < 0 ? undefined : this.#items.splice(index, 1)[0]?.item;
  }

  /** All items, oldest first, taken out. */
  drain(): T[] {
    const items = this.#items.map(({ item }) => item);
    this.#items = [];
    return items;
  }

  /** The items whose time is over, oldest first, taken out. */
  expire(now: number): T[] {
    const expired = this.#items.filter(({ expiresAt }) => expiresAt <= now);
    if (expired.length > 0) this.#items = this.#items.filter(({ expiresAt }) => expiresAt > now);
    return expired.map(({ item }) => item);
  }

  /** When the next item's time is over. */
  nextTimeout(): number | undefined {
    return this.#items.reduce<number | undefined>(
      (first, { expiresAt }) => (first === undefined ? expiresAt : Math.min(first, expiresAt)),
      undefined,
    );
  }
}
