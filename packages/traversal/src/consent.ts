import type { IceTiming } from './ice-timing.ts';

/**
 * Consent freshness of the path in use (RFC 7675): says when to ask the peer again, when to worry
 * and when to stop. Knows nothing of messages.
 *
 * RFC 7675 asks every 5 s and does not repeat. So that a dead path is noticed within a second of
 * suspicion and not after 30, a check that is not answered in time (three round trips) is followed
 * by a few quick ones; when they are missed too, the path is `disconnected`. It may recover until
 * the consent expires.
 */
export class Consent {
  readonly #timing: IceTiming;
  /** 0 to 1, for the ±20 %. */
  readonly #random: () => number;
  /** When the peer last answered. */
  #freshAt: number;
  #nextAt: number;
  /** When the oldest unanswered check was sent. */
  #askedAt: number | undefined;
  #missed = 0;
  #rttMs: number;

  constructor(now: number, timing: IceTiming, random: () => number, rttMs = 100) {
    this.#timing = timing;
    this.#random = random;
    this.#freshAt = now;
    this.#rttMs = rttMs;
    this.#nextAt = now + this.#interval();
  }

  /** Whether answers are missing and the path should not be trusted. */
  get disconnected(): boolean {
    return this.#missed >= this.#timing.consentMissed;
  }

  /** Whether we must stop sending (RFC 7675 §5.1). */
  expired(now: number): boolean {
    return now >= this.#freshAt + this.#timing.consentExpiry;
  }

  get nextTimeout(): number {
    return Math.min(this.#nextAt, this.#freshAt + this.#timing.consentExpiry);
  }

  /** Whether to send a check now; {@link nextTimeout} tells when to ask again. */
  due(now: number): boolean {
    if (now < this.#nextAt) return false;
    if (this.#askedAt !== undefined) this.#missed++;
    this.#askedAt ??= now;
    // Once disconnected, quick checks only burden a network that is down: back to the slow pace,
    // though not slower than a second, to notice a recovery.
    const wait = this.disconnected ? Math.min(1000, this.#interval()) : this.#patience();
    this.#nextAt = now + wait;
    return true;
  }

  /** The peer answered a check of this path. */
  answered(now: number, rttMs?: number): void {
    this.#freshAt = now;
    this.#missed = 0;
    this.#askedAt = undefined;
    if (rttMs !== undefined) this.#rttMs = rttMs;
    this.#nextAt = now + this.#interval();
  }

  /**
   * Other authentic traffic of the peer came on this path. It is no consent (RFC 7675 §5.1), but it
   * shows that the path is alive.
   */
  heard(): void {
    this.#missed = 0;
  }

  /** Something suggests that the path is dead: ask now. */
  verify(now: number): void {
    if (this.#askedAt === undefined) this.#nextAt = Math.min(this.#nextAt, now);
  }

  #patience(): number {
    return Math.max(this.#timing.consentPatience, 3 * this.#rttMs);
  }

  #interval(): number {
    return this.#timing.consentInterval * (0.8 + 0.4 * this.#random());
  }
}
