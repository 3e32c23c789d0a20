/**
 * When sessions are renewed, in milliseconds: the constants of the WireGuard paper (§6.1) under its
 * names, and what a link needs more.
 */
export interface Timers {
  /** The initiator of the current session makes a new one after this. */
  readonly rekeyAfter: number;
  /** Nothing is sent or received under keys of this age. */
  readonly rejectAfter: number;
  /** The responder makes the new one when the initiator has not until this. */
  readonly responderRekeyAfter: number;
  /** A path initiation that has no answer after this is made anew; the retries before are copies. */
  readonly rekeyTimeout: number;
  /** An attempt that had no answer for this long is reported; the next ones are rarer. */
  readonly rekeyAttempt: number;
  /** Pause between initiations after an attempt was reported. */
  readonly slowRetry: number;
  /** How long an initiation in a stanza waits for its answer. */
  readonly stanzaTimeout: number;
  /** `restart` does nothing when the last initiation was made less than this ago. */
  readonly restartPause: number;
}

/** WireGuard's 120, 180, 5 and 90 seconds; the responder's 165 is its 180 − 10 − 5. */
export const DEFAULT_TIMERS: Timers = {
  rekeyAfter: 120_000,
  rejectAfter: 180_000,
  responderRekeyAfter: 165_000,
  rekeyTimeout: 5_000,
  rekeyAttempt: 90_000,
  slowRetry: 30_000,
  stanzaTimeout: 30_000,
  restartPause: 1_000,
};

/**
 * When copies of an initiation are sent, as shares of `rekeyTimeout` after the first: with its default
 * at 0.25, 0.75, 1.75 and 3.75 s. A path that works answers within its round trip, so one lost
 * datagram should cost no more than that.
 */
export const RETRY_SHARES = [0.05, 0.15, 0.35, 0.75] as const;

/** Retries are spread by up to this share of `rekeyTimeout`, so that both ends fall out of step. */
export const JITTER_SHARE = 1 / 15;

/**
 * The given timers over the defaults. When only `rekeyAfter` is given, the ages that follow it keep
 * their proportion, so that shortened timers in tests stay a working set.
 */
export function timersFrom(given: Partial<Timers> = {}): Timers {
  const scale = (given.rekeyAfter ?? DEFAULT_TIMERS.rekeyAfter) / DEFAULT_TIMERS.rekeyAfter;
  return {
    ...DEFAULT_TIMERS,
    rejectAfter: DEFAULT_TIMERS.rejectAfter * scale,
    responderRekeyAfter: DEFAULT_TIMERS.responderRekeyAfter * scale,
    ...given,
  };
}
