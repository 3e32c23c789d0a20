/** When a silent connection is asked for a sign of life, and how long it has for it. */
export interface KeepaliveTimes {
  /** Silence before we ask, in milliseconds. */
  readonly silenceMs: number;
  /** Time for the answer, in milliseconds. */
  readonly answerMs: number;
}

export const KEEPALIVE: KeepaliveTimes = { silenceMs: 30_000, answerMs: 5000 };

/**
 * Tells a dead connection from a quiet one. TCP alone takes a quarter of an hour to notice that
 * the other end is gone. Any received byte is a sign of life; a question (an XEP-0199 ping, or an
 * XEP-0198 request after each stanza) without one in time is death.
 */
export class Keepalive {
  readonly #times: KeepaliveTimes;
  #heardAt: number;
  #answerDue: number | undefined;

  constructor(now: number, times: KeepaliveTimes = KEEPALIVE) {
    this.#times = times;
    this.#heardAt = now;
  }

  /** Bytes came. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#answerDue = undefined;
  }

  /** Something was sent that the server answers; `answerMs` shortens the usual time. */
  asked(now: number, answerMs: number = this.#times.answerMs): void {
    this.#answerDue = Math.min(this.#answerDue ?? Number.POSITIVE_INFINITY, now + answerMs);
  }

  /** What to do now. The caller answers `ask` by sending a ping and calling {@link asked}. */
  poll(now: number): 'quiet' | 'ask' | 'dead' {
    if (this.#answerDue !== undefined) return now >= this.#answerDue ? 'dead' : 'quiet';
    return now >= this.#heardAt + this.#times.silenceMs ? 'ask' : 'quiet';
  }

  nextTimeout(): number {
    return this.#answerDue ?? this.#heardAt + this.#times.silenceMs;
  }
}
