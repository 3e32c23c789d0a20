import { TIMESTAMP_BYTES } from './handshake-message.ts';

/** TAI64 label of 1970-01-01 00:00:00 TAI, plus the ten seconds TAI was ahead of UTC then. */
const TAI64_1970 = (1n << 62n) + 10n;

const NANOSECONDS = 1_000_000_000n;

/**
 * Gives every initiation of this node a timestamp greater than all before it, so that a responder can
 * tell a fresh initiation from a recorded one by remembering a few numbers per peer.
 *
 * One clock serves all sessions of a node. It follows the wall clock and never goes back while it
 * lives; `floor` carries that over a restart on hosts whose clock may be behind when they boot.
 */
export class InitiationClock {
  readonly #wallClock: () => number;
  #last: bigint;

  /** @param wallClock milliseconds since 1970. @param floor an earlier {@link last}. */
  constructor(wallClock: () => number, floor = 0n) {
    this.#wallClock = wallClock;
    this.#last = floor;
  }

  /** Nanoseconds since 1970 of the newest timestamp given. */
  get last(): bigint {
    return this.#last;
  }

  /** The next timestamp: TAI64N, 12 bytes; byte order is time order. */
  next(): Uint8Array {
    const now = BigInt(Math.max(0, Math.trunc(this.#wallClock()))) * 1_000_000n;
    this.#last = now > this.#last ? now : this.#last + 1n;
    const stamp = new Uint8Array(TIMESTAMP_BYTES);
    const view = new DataView(stamp.buffer);
    view.setBigUint64(0, TAI64_1970 + this.#last / NANOSECONDS);
    view.setUint32(8, Number(this.#last % NANOSECONDS));
    return stamp;
  }
}
