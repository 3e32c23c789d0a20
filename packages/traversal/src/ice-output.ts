import type { Candidate, Endpoint } from '@evio/types';
import type { Base } from './candidate.ts';
import type { CandidatePair, PairState } from './candidate-pair.ts';

/**
 * - `new`: no credentials of the peer yet.
 * - `checking`: no pair works yet.
 * - `connected`: a pair works and the peer answers on it.
 * - `disconnected`: the peer stopped answering; all pairs are being tried again. May recover; the
 *   caller should start a new agent (ICE restart) at once and keep this one until the new works.
 * - `failed`: nothing worked, or the consent expired. Final.
 */
export type IceState = 'new' | 'checking' | 'connected' | 'disconnected' | 'failed';

/** The path to use, as {@link IceOutput} reports it. */
export interface SelectedPair {
  readonly base: Base;
  readonly remote: Endpoint;
  readonly local: Candidate;
  readonly remoteCandidate: Candidate;
  /** Whether a TURN server, ours or the peer's, is on the way. */
  readonly relayed: boolean;
  readonly rttMs: number | undefined;
}

/** A pair and what its checks have told, for people. */
export interface PairReport extends SelectedPair {
  readonly state: PairState;
  readonly selected: boolean;
}

export type IceOutput =
  | {
      readonly type: 'transmit';
      readonly bytes: Uint8Array;
      readonly base: Base;
      readonly remote: Endpoint;
    }
  | { readonly type: 'selected'; readonly pair: SelectedPair; readonly nominated: boolean }
  | { readonly type: 'state'; readonly state: IceState };

/** Why messages were dropped, and how many. */
export interface IceCounters {
  unauthenticated: number;
  unknownTransaction: number;
  malformed: number;
  candidatesRefused: number;
}

/** What the caller needs to know of a pair. */
export function describePair(pair: CandidatePair): SelectedPair {
  return {
    base: pair.local.base,
    remote: pair.remote.endpoint,
    local: pair.local,
    remoteCandidate: pair.remote,
    relayed: pair.relayed,
    rttMs: pair.rttMs,
  };
}
