import type { CandidatePair, IceRole } from './candidate-pair.ts';

// Which of the working pairs carries the data.
//
// Before nomination each side uses its own best pair, so that data flows at once. The controlling
// side nominates (RFC 8445 §8.1.1, "regular"): the best direct pair after a moment for better ones,
// a relayed pair only when no direct one can be hoped for. Beyond RFC 8445, which ends with the
// first nomination, a direct pair that works later is nominated in place of a relayed one; the
// controlled side prefers direct over relayed, so the order in which nominations arrive is no
// matter.

/** The pair to send data on: direct before relayed, then nominated, latest, best priority. */
export function preferredPair(
  pairs: Iterable<CandidatePair>,
  role: IceRole,
): CandidatePair | undefined {
  let best: CandidatePair | undefined;
  for (const pair of pairs) {
    if (pair.state !== 'succeeded') continue;
    if (best === undefined || isBetter(pair, best, role)) best = pair;
  }
  return best;
}

function isBetter(a: CandidatePair, b: CandidatePair, role: IceRole): boolean {
  if (a.relayed !== b.relayed) return !a.relayed;
  if (a.nomination !== b.nomination) return a.nomination > b.nomination;
  return a.priority(role) > b.priority(role);
}

/** What the controlling side knows when it decides on a nomination. Times in milliseconds. */
export interface NominationState {
  readonly now: number;
  /** The earliest time to nominate a relayed pair while direct ones are still tried. */
  readonly relayedFrom: number;
  /** The earliest time to nominate a direct pair while better direct ones are still tried. */
  readonly directFrom: number;
}

/**
 * The controlling side's next step: a pair to nominate now, the time to ask again, or nothing to do
 * (undefined).
 */
export function nominationStep(
  pairs: readonly CandidatePair[],
  { now, relayedFrom, directFrom }: NominationState,
): { nominate: CandidatePair } | { askAt: number } | undefined {
  const best = preferredPair(pairs, 'controlling');
  if (best === undefined || best.nomination > 0) return undefined;
  const awaited = pairs.some(pair => {
    const untried = pair.state === 'waiting' || pair.state === 'in-progress';
    if (!untried || pair.relayed) return false;
    return best.relayed || pair.priority('controlling') > best.priority('controlling');
  });
  const from = best.relayed ? relayedFrom : directFrom;
  return !awaited || now >= from ? { nominate: best } : { askAt: from };
}
