/** Between two echoes that ask a silent peer for a sign of life, and later on. Milliseconds. */
const ASK_INTERVAL = 300;
const SLOW_INTERVAL = 1_000;
/** The quick pace is kept for this long. */
const QUICK = 5_000;
/** A link whose peer has given no sign for this long, though asked, is down. */
export const DEAD_AFTER = 1_500;

/** What {@link Doubt.tick} found. */
export type DoubtVerdict =
  /** Send an echo. */
  | 'ask'
  /** Nothing came since the doubt arose: do without the link. Told once. */
  | 'dead'
  /** The peer was heard: the doubt is over. */
  | 'dispelled';

/**
 * A link on which nothing comes back: asks quickly, and decides when to do without it. Echoes are
 * answered by the peer's datapath, so a peer that is merely busy is not taken for a dead one.
 * Sans-IO, times in milliseconds.
 */
export class Doubt {
  #since: number | undefined;
  #nextAt = 0;
  #dead = false;

  /** Whether there is doubt now. */
  get raised(): boolean {
    return this.#since !== undefined;
  }

  /** Nothing comes back. Returns whether that is new. */
  raise(now: number): boolean {
    if (this.#since !== undefined) return false;
    this.#since = now;
    this.#nextAt = now;
    this.#dead = false;
    return true;
  }

  /** The link, or the path it had, is no more. */
  clear(): void {
    this.#since = undefined;
  }

  /** @param silentMs age of the last authentic datagram; undefined when there never was one. */
  tick(now: number, silentMs: number | undefined): DoubtVerdict | undefined {
    const since = this.#since;
    if (since === undefined || now < this.#nextAt) return undefined;
    const elapsed = now - since;
    if (silentMs !== undefined && silentMs < elapsed) {
      this.#since = undefined;
      return 'dispelled';
    }
    this.#nextAt = now + (elapsed < QUICK ? ASK_INTERVAL : SLOW_INTERVAL);
    if (elapsed < DEAD_AFTER || this.#dead) return 'ask';
    this.#dead = true;
    return 'dead';
  }

  /** When to {@link tick} next; undefined without doubt. */
  nextTimeout(): number | undefined {
    return this.#since === undefined ? undefined : this.#nextAt;
  }
}
