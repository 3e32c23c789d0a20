/** How much older than the newest a timestamp may be, in seconds: what a stanza may take. */
const WINDOW_SECONDS = 60n;

/** Timestamps remembered; more than a peer makes within the window unless it misbehaves. */
const REMEMBERED = 64;

/**
 * Tells fresh initiations of one peer from recorded ones. The greatest timestamp is kept, as in
 * WireGuard, and beside it those of the last minute: an offer in a stanza may be overtaken by an
 * initiation on the path, and must not be taken for a replay then. Each timestamp counts once.
 */
export class TimestampGuard {
  /** Nothing up to this is fresh. */
  #floor = 0n;
  readonly #seen = new Set<bigint>();

  /** @param timestamp TAI64N, 12 bytes. */
  isFresh(timestamp: Uint8Array): boolean {
    const label = labelOf(timestamp);
    return label > this.#floor && !this.#seen.has(label);
  }

  /** Takes note of the timestamp of an authentic initiation. */
  accept(timestamp: Uint8Array): void {
    const label = labelOf(timestamp);
    this.#seen.add(label);
    // The seconds stand above 32 bits of nanoseconds, so labels order and subtract as times do.
    this.#raise(label - (WINDOW_SECONDS << 32n));
    if (this.#seen.size > REMEMBERED) {
      const [least] = [...this.#seen].sort((x, y) => (x < y ? -1 : 1));
      this.#raise(least ?? 0n);
    }
  }

  #raise(floor: bigint): void {
    if (floor <= this.#floor) return;
    this.#floor = floor;
    for (const label of this.#seen) if (label <= floor) this.#seen.delete(label);
  }
}

function labelOf(timestamp: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(timestamp).toString('hex')}`);
}
