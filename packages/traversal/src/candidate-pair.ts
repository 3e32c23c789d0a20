import { type Candidate, formatEndpoint } from '@evio/types';
import { endpointKey } from './address.ts';
import { baseEndpoint, baseKey, type LocalCandidate, typePreferenceOf } from './candidate.ts';

/** RFC 8445 §6.1.2.6; the state Frozen is not used, see {@link CheckList}. */
export type PairState = 'waiting' | 'in-progress' | 'succeeded' | 'failed';

export type IceRole = 'controlling' | 'controlled';

/** RFC 8445 §6.1.2.3: 2³² · min(G, D) + 2 · max(G, D) + (G > D). Needs 64 bits. */
export function pairPriority(controlling: number, controlled: number): bigint {
  const low = BigInt(Math.min(controlling, controlled));
  const high = BigInt(Math.max(controlling, controlled));
  return (low << 32n) + 2n * high + (controlling > controlled ? 1n : 0n);
}

/** One of our bases and one endpoint of the peer, and what checks have told about the way between. */
export class CandidatePair {
  readonly local: LocalCandidate;
  /** A peer-reflexive one is replaced when signaling tells what it really is. */
  remote: Candidate;
  state: PairState = 'waiting';
  /** Controlled side: the peer nominated it before our own check succeeded (RFC 8445 §7.3.1.5). */
  nominateOnSuccess = false;
  /** 0: not nominated; otherwise counts up with each nomination, so that the latest wins. */
  nomination = 0;
  /** The last measured round trip of a check, milliseconds. */
  rttMs: number | undefined;
  /** When a failed pair may be tried once more. */
  retryAt = Number.POSITIVE_INFINITY;

  constructor(local: LocalCandidate, remote: Candidate) {
    this.local = local;
    this.remote = remote;
  }

  /** Equal for equal pairs. */
  get key(): string {
    return pairKey(this.local, this.remote);
  }

  /** Whether a TURN server (ours or the peer's) is on the way. */
  get relayed(): boolean {
    return (
      this.local.base.kind === 'relay' ||
      this.remote.type === 'relay' ||
      (this.remote.type === 'prflx' && typePreferenceOf(this.remote.priority) === 0)
    );
  }

  priority(role: IceRole): bigint {
    return role === 'controlling'
      ? pairPriority(this.local.priority, this.remote.priority)
      : pairPriority(this.remote.priority, this.local.priority);
  }

  toString(): string {
    const local = `${this.local.base.kind} ${formatEndpoint(baseEndpoint(this.local.base))}`;
    return `${local} → ${this.remote.type} ${formatEndpoint(this.remote.endpoint)}`;
  }
}

/** The {@link CandidatePair.key} of a pair not made yet. */
export function pairKey(local: LocalCandidate, remote: Candidate): string {
  return `${baseKey(local.base)}→${endpointKey(remote.endpoint)}`;
}
