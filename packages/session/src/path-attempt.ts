import type { Random } from './curve25519.ts';
import { JITTER_SHARE, RETRY_SHARES, type Timers } from './timers.ts';

/** What is due of an attempt: the same initiation again, or a new one. */
export type AttemptStep = 'copy' | 'fresh';

/**
 * The rhythm of one attempt to make a session over the path: an initiation, copies of it in growing
 * distance, after `rekeyTimeout` a fresh one with copies again, and so on; slower after
 * `rekeyAttempt`, without end, because the peer may come back while XMPP is away.
 *
 * A copy is byte for byte the same, so that an answer that took longer than the retry still fits, and
 * the responder answers it from memory.
 */
export class PathAttempt {
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #startedAt: number;
  #freshAt: number;
  #copies = 0;
  #nextAt: number;
  #reported = false;

  constructor(timers: Timers, random: Random, now: number) {
    this.#timers = timers;
    this.#random = random;
    this.#startedAt = now;
    this.#freshAt = now;
    this.#nextAt = this.#afterFresh(now);
  }

  /** When {@link step} has something. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /** When the initiation that is under way was made. */
  get freshAt(): number {
    return this.#freshAt;
  }

  /** Whether this attempt has been without an answer for `rekeyAttempt`. */
  get overdue(): boolean {
    return this.#reported;
  }

  /** What to do at `now`, and counts it as done; `undefined` before {@link nextAt}. */
  step(now: number): AttemptStep | undefined {
    if (now < this.#nextAt) return undefined;
    this.#copies += 1;
    if (this.#copies <= RETRY_SHARES.length && !this.#reported) {
      const share = RETRY_SHARES[this.#copies] ?? 1;
      this.#nextAt = this.#spread(this.#freshAt + share * this.#timers.rekeyTimeout, now);
      return 'copy';
    }
    return this.fresh(now);
  }

  /** A fresh initiation is made at `now`, due or not. */
  fresh(now: number): 'fresh' {
    this.#copies = 0;
    this.#freshAt = now;
    this.#nextAt = this.#afterFresh(now);
    return 'fresh';
  }

  /** True once, when the attempt becomes {@link overdue}. */
  report(now: number): boolean {
    if (this.#reported || now - this.#startedAt < this.#timers.rekeyAttempt) return false;
    this.#reported = true;
    return true;
  }

  #afterFresh(now: number): number {
    const { rekeyTimeout, slowRetry } = this.#timers;
    const pause = this.#reported ? slowRetry : (RETRY_SHARES[0] ?? 1) * rekeyTimeout;
    return this.#spread(now + pause, now);
  }

  /** Never earlier than wanted, never in the past, and later by a random part of the jitter. */
  #spread(at: number, now: number): number {
    const [high = 0, low = 0] = this.#random(2);
    const jitter = ((high * 256 + low) / 65536) * JITTER_SHARE * this.#timers.rekeyTimeout;
    return Math.max(at, now + 1) + jitter;
  }
}
