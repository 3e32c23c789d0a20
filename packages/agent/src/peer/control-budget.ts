/** Tokens that come back each second, and how many there are at most. */
const RATE = 256;
const BURST = 1_024;
/**
 * Messages that cost more than a look cost more here: an offer makes a handshake, a trace goes on to
 * others and is answered by each. A comparison of 10,000 members is some 150 plain messages a second.
 */
const COSTLY = 8;

/** What a control message costs: `plain` for one of the topology. */
export type ControlCost = 'plain' | 'costly';

/**
 * How many control messages one peer may send: a token bucket. What exceeds it is dropped, which the
 * protocols above bear as they bear a loss. Sans-IO, times in milliseconds.
 */
export class ControlBudget {
  #tokens = BURST;
  #at: number | undefined;

  /** Whether a message that comes now is to be looked at. */
  take(now: number, cost: ControlCost): boolean {
    const since = now - (this.#at ?? now);
    this.#at = now;
    this.#tokens = Math.min(BURST, this.#tokens + (since * RATE) / 1_000);
    const price = cost === 'plain' ? 1 : COSTLY;
    if (this.#tokens < price) return false;
    this.#tokens -= price;
    return true;
  }
}
