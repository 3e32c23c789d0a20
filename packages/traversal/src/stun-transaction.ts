/** How a request is repeated until it is answered or given up. All in milliseconds. */
export interface Retransmission {
  /** Time to the first repetition; doubles each time. */
  readonly rto: number;
  /** The longest time between repetitions. */
  readonly cap: number;
  /** The request is given up this long after its first sending. */
  readonly timeout: number;
}

/**
 * For servers. RFC 8489 §6.2.1 starts at 500 ms where nothing is known of the network; requests are
 * few and small, and a lost one costs a user half a second of waiting, so we start earlier.
 */
export const SERVER_RETRANSMISSION: Retransmission = { rto: 150, cap: 1600, timeout: 8000 };

/** Over TCP and TLS nothing is repeated (RFC 8489 §6.2.2), only waited for. */
export const STREAM_RETRANSMISSION: Retransmission = {
  rto: Number.POSITIVE_INFINITY,
  cap: Number.POSITIVE_INFINITY,
  timeout: 8000,
};

/**
 * One STUN request under way: knows when to send it again and when to give up. Create it when the
 * request is first sent.
 */
export class StunTransaction {
  /** 24 hex digits. */
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly #retransmission: Retransmission;
  #startedAt: number;
  #interval: number;
  #nextAt: number;
  #sent = 1;

  constructor(now: number, id: string, bytes: Uint8Array, retransmission: Retransmission) {
    this.id = id;
    this.bytes = bytes;
    this.#startedAt = now;
    this.#retransmission = retransmission;
    this.#interval = retransmission.rto;
    this.#nextAt = now + retransmission.rto;
  }

  /** When {@link tick} has something to say. */
  get nextTimeout(): number {
    return Math.min(this.#nextAt, this.#startedAt + this.#retransmission.timeout);
  }

  /** The round trip when an answer comes now; undefined when it cannot be told (Karn's rule). */
  roundTrip(now: number): number | undefined {
    return this.#sent === 1 ? now - this.#startedAt : undefined;
  }

  /** The caller sent it again out of turn: count from here anew. */
  restart(now: number): void {
    this.#startedAt = now;
    this.#interval = this.#retransmission.rto;
    this.#nextAt = now + this.#interval;
    this.#sent++;
  }

  /** What to do at `now`: send the bytes again, give up, or wait. */
  tick(now: number): 'send' | 'expired' | 'wait' {
    if (now >= this.#startedAt + this.#retransmission.timeout) return 'expired';
    if (now < this.#nextAt) return 'wait';
    this.#interval = Math.min(this.#interval * 2, this.#retransmission.cap);
    this.#nextAt = now + this.#interval;
    this.#sent++;
    return 'send';
  }
}
