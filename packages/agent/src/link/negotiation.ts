/**
 * When to offer a link, whose offer counts, and when to try again.
 *
 * One exchange is a Jingle session: an offer, its answer, then ICE checks. The node with the lower id
 * offers first; the other one waits, and offers itself when nothing comes. Either may offer anew at
 * any time, to restart ICE. When two offers cross, that of the lower id stands (the tie-break that
 * XEP-0166 §7.2.16 asks for). Sans-IO: times are milliseconds of one monotonic clock.
 */

/** How long the other side may take to make the first offer, and to connect. */
export const OFFER_WAIT = 500;
export const CHECK_TIMEOUT = 30_000;
/** How long it may take to answer ours: this, and each time as much longer, up to the longest. */
export const ANSWER_TIMEOUT = 2_000;
export const LONGEST_ANSWER_TIMEOUT = 10_000;
/** Pauses after failures: doubled each time, up to the longest. */
export const FIRST_PAUSE = 250;
export const LONGEST_PAUSE = 30_000;
/** A link that works is not renegotiated more often than this. */
export const RESTART_INTERVAL = 1_000;

/** What the negotiation of one link is doing. `session` is the Jingle session id of the exchange. */
export type NegotiationState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly until: number }
  | { readonly kind: 'offering'; readonly session: string; readonly until: number }
  | { readonly kind: 'checking'; readonly session: string; readonly until: number }
  | { readonly kind: 'connected'; readonly session: string }
  | { readonly kind: 'pausing'; readonly until: number };

/** The negotiation of one link with one peer. */
export class Negotiation {
  readonly #offersFirst: boolean;
  /** A number in [0, 1), for the jitter of pauses. */
  readonly #jitter: () => number;
  #state: NegotiationState = { kind: 'idle' };
  #reachable = false;
  #failures = 0;
  #lastOffer = Number.NEGATIVE_INFINITY;

  constructor(options: { offersFirst: boolean; jitter: () => number }) {
    this.#offersFirst = options.offersFirst;
    this.#jitter = options.jitter;
  }

  get state(): NegotiationState {
    return this.#state;
  }

  /**
   * The peer is wanted, and we can talk to it. Begins unless an exchange is under way.
   *
   * @param options.atOnce the peer has no reason of its own to make the first offer.
   */
  reach(now: number, { atOnce = false } = {}): void {
    this.#reachable = true;
    if (this.#state.kind === 'idle') this.#begin(now, atOnce);
  }

  /** The peer is back as a new process: what was agreed with the old one is void. */
  peerRestarted(now: number): void {
    this.#reachable = true;
    this.#failures = 0;
    this.#begin(now);
  }

  /**
   * The peer is no longer wanted, or nothing can be sent to it now. A link that works stays; what
   * was under way goes on when it is {@link reach | reached} again.
   */
  unreach(): void {
    this.#reachable = false;
    if (this.#state.kind !== 'connected') this.#state = { kind: 'idle' };
  }

  /** Forgets the link altogether; it is not wanted any more. */
  reset(): void {
    this.#state = { kind: 'idle' };
    this.#reachable = false;
    this.#failures = 0;
  }

  /** How many exchanges in a row have come to nothing. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * The path is in doubt: agree on a new one while the old one goes on. What is under way already is
   * left to end, unless `force`d because the ground changed under it.
   */
  restart(now: number, { force = false } = {}): void {
    if (!this.#reachable) {
      this.#state = { kind: 'idle' };
      return;
    }
    if (force) this.#failures = 0;
    else if (this.#state.kind !== 'connected') return;
    this.#state = { kind: 'pausing', until: Math.max(now, this.#lastOffer + RESTART_INTERVAL) };
  }

  /** Our offer of `session` went out. */
  offered(now: number, session: string): void {
    const patience = Math.min(ANSWER_TIMEOUT * (this.#failures + 1), LONGEST_ANSWER_TIMEOUT);
    this.#lastOffer = now;
    this.#state = { kind: 'offering', session, until: now + patience };
  }

  /** An offer came. Whether it is to be answered; if so, it replaces whatever was under way. */
  accepts(): boolean {
    return this.#state.kind !== 'offering' || !this.#offersFirst;
  }

  /** We answered the offer of `session`. */
  answering(now: number, session: string): void {
    this.#state = { kind: 'checking', session, until: now + CHECK_TIMEOUT };
  }

  /** The answer to our offer came. Whether it belongs to the exchange under way. */
  answered(now: number, session: string): boolean {
    if (this.#state.kind !== 'offering' || this.#state.session !== session) return false;
    this.#state = { kind: 'checking', session, until: now + CHECK_TIMEOUT };
    return true;
  }

  /** A pair of `session` was nominated. */
  connected(session: string): void {
    if (this.#state.kind !== 'checking' || this.#state.session !== session) return;
    this.#failures = 0;
    this.#state = { kind: 'connected', session };
  }

  /** The exchange of `session` came to nothing, or the link it made was lost. */
  failed(now: number, session: string): void {
    if (!('session' in this.#state) || this.#state.session !== session) return;
    if (!this.#reachable) {
      this.#failures += 1;
      this.#state = { kind: 'idle' };
      return;
    }
    const pause = Math.min(FIRST_PAUSE * 2 ** this.#failures, LONGEST_PAUSE);
    this.#failures += 1;
    this.#state = { kind: 'pausing', until: now + pause * (0.5 + this.#jitter()) };
  }

  /** When {@link tick} has something to do; `undefined` when nothing is pending. */
  nextTimeout(): number | undefined {
    return 'until' in this.#state ? this.#state.until : undefined;
  }

  /** Whether an offer is to be made now. */
  tick(now: number): boolean {
    const state = this.#state;
    if (!('until' in state) || now < state.until) return false;
    switch (state.kind) {
      case 'waiting':
      case 'pausing':
        return this.#reachable;
      case 'offering':
      case 'checking':
        this.failed(now, state.session);
        return false;
      default:
        return state satisfies never;
    }
  }

  #begin(now: number, atOnce = this.#offersFirst): void {
    const first = atOnce || this.#offersFirst;
    this.#state = { kind: 'waiting', until: first ? now : now + OFFER_WAIT };
  }
}
