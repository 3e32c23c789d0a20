/** The timers of an {@link IceAgent}. All in milliseconds. */
export interface IceTiming {
  /** Ta: at least this long between two new checks (RFC 8445 §14.2: default 50, at least 5). */
  readonly pacing: number;
  /**
   * A check's first repetition. RFC 8445 §14.3 begins at 500 ms; holes in two NATs open only after
   * both sides have sent, so the first check is often lost by design and the second one decides how
   * long a user waits.
   */
  readonly rto: number;
  /** The longest time between repetitions of a check. */
  readonly rtoCap: number;
  /**
   * How long one pair is checked before it counts as failed. Long, because both sides' checks must
   * overlap and the peer may begin late.
   */
  readonly checkTimeout: number;
  /** Controlling: wait this long for a better direct pair once one works. */
  readonly directSettle: number;
  /** Controlling: wait this long, from the first check, for a direct pair before a relayed one. */
  readonly relayWait: number;
  /** While the path is relayed, a failed direct pair is tried again after this time, then twice it. */
  readonly upgradeRetry: number;
  /** The longest time between such tries. */
  readonly upgradeRetryCap: number;
  /** Without any working pair, the session has failed after this long. RFC 8863 suggests 39.5 s. */
  readonly patience: number;
  /** RFC 7675 §5.1: 5 s, randomised by ±20 %. */
  readonly consentInterval: number;
  /** RFC 7675 §5.1: without an answer for this long, we stop sending. */
  readonly consentExpiry: number;
  /** A consent check without an answer for this long (or 3 round trips) is a missed one. */
  readonly consentPatience: number;
  /**
   * Missed in a row before we say `disconnected`. Together with the patience long enough for a busy
   * peer: it answers from an event loop that does other things too.
   */
  readonly consentMissed: number;
}

export const ICE_TIMING: IceTiming = {
  pacing: 20,
  rto: 100,
  rtoCap: 800,
  checkTimeout: 10_000,
  directSettle: 150,
  relayWait: 2000,
  upgradeRetry: 10_000,
  upgradeRetryCap: 120_000,
  patience: 20_000,
  consentInterval: 5000,
  consentExpiry: 30_000,
  consentPatience: 150,
  consentMissed: 5,
};
