/** Why the last attempt to be online ended, as far as the wait before the next depends on it. */
export type Failure =
  /** Network, server or TLS: likely to pass. */
  | 'transient'
  /** Wrong password, or another node with our resource: asking often locks accounts. */
  | 'refused';

/** First and longest wait after a transient failure, in milliseconds. */
export const TRANSIENT = { firstMs: 500, longestMs: 60_000 } as const;
/** First and longest wait after a refusal, in milliseconds. */
export const REFUSED = { firstMs: 30_000, longestMs: 300_000 } as const;
/** A connection that lasted so long makes the next failure a first one again. */
export const STABLE_MS = 10_000;

/** How long to wait before the attempt number `attempt` (from 0) after failures of one kind. */
function longestWait(failure: Failure, attempt: number): number {
  const { firstMs, longestMs } = failure === 'refused' ? REFUSED : TRANSIENT;
  return Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 20));
}

/**
 * Exponential back-off with jitter, so that the nodes of a restarted server do not all come back at
 * the same moment.
 */
export class Backoff {
  #failure: Failure = 'transient';
  #attempt = 0;

  /**
   * The wait before the next attempt, in milliseconds. After a transient failure it is between half
   * of the exponential step and the step; after a refusal between the step and a quarter more, so
   * that it is never shorter than {@link REFUSED}'s first.
   *
   * @param onlineMs how long the connection was usable before it failed; 0 when it never was
   * @param fraction from a random source, in [0, 1)
   */
  next(failure: Failure, onlineMs: number, fraction: number): number {
    if (onlineMs >= STABLE_MS || failure !== this.#failure) this.#attempt = 0;
    this.#failure = failure;
    const step = longestWait(failure, this.#attempt);
    this.#attempt += 1;
    return failure === 'refused'
      ? Math.min(REFUSED.longestMs, step * (1 + fraction / 4))
      : step * (0.5 + fraction / 2);
  }

  /** Begin again with the shortest wait: the network is another one now. */
  reset(): void {
    this.#attempt = 0;
  }
}
