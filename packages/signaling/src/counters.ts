/** What happened since the start; only ever grows. */
export interface SignalingCounters {
  /** Fresh sessions, resumed sessions, connections lost or not made. */
  logins: number;
  resumptions: number;
  failures: number;
  /** Stanzas that came, of any kind. */
  received: number;
  /** Ignored, by reason: from somebody who may not say it, of a wrong form, not ours to answer. */
  foreign: number;
  malformed: number;
  unsupported: number;
  oversized: number;
  /** Answers that nobody asked for, or from another one than was asked. */
  strayAnswers: number;
  /** Messages to peers: written, and failed without an answer. */
  sent: number;
  expired: number;
  queueFull: number;
}

export function freshCounters(): SignalingCounters {
  return {
    logins: 0,
    resumptions: 0,
    failures: 0,
    received: 0,
    foreign: 0,
    malformed: 0,
    unsupported: 0,
    oversized: 0,
    strayAnswers: 0,
    sent: 0,
    expired: 0,
    queueFull: 0,
  };
}
