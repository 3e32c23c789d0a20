import { addressFamily, type Candidate, sameEndpoint } from '@evio/types';
import { baseEndpoint, baseKey, type LocalCandidate } from './candidate.ts';
import { CandidatePair, type IceRole, pairKey } from './candidate-pair.ts';

/** RFC 8445 §6.1.2.5 suggests 100. */
export const MAX_PAIRS = 100;
/** Remote candidates beyond this are ignored: a peer must not make us send without end. */
export const MAX_REMOTE_CANDIDATES = 40;

/**
 * The pairs of one ICE session and the order in which they are checked (RFC 8445 §6.1.2, §6.1.4).
 * Knows nothing of messages.
 *
 * Local server-reflexive candidates make no pairs of their own: what is sent from them is sent from
 * their base (RFC 8445 §6.1.2.4). Direct and relayed pairs take turns, against the strict order of
 * priority: a path through a relay should carry the first packet while direct ones are tried.
 *
 * No pair is frozen (RFC 8445 §6.1.2.6): with one component there is nothing to learn from the
 * foundation's first pair, and after a NAT has changed its mapping the new candidate has the old
 * one's foundation and must not wait for it to fail.
 */
export class CheckList {
  readonly #locals = new Map<string, LocalCandidate>();
  readonly #remotes: Candidate[] = [];
  readonly #pairs = new Map<string, CandidatePair>();
  /** RFC 8445 §6.1.4.1: pairs to check before all others, first in first out. */
  #triggered: CandidatePair[] = [];
  #relayNext = false;

  get pairs(): Iterable<CandidatePair> {
    return this.#pairs.values();
  }

  get remoteCandidates(): readonly Candidate[] {
    return this.#remotes;
  }

  /** Adds one of our candidates; several with one base count once, with the best priority. */
  addLocal(local: LocalCandidate, role: IceRole): void {
    const key = baseKey(local.base);
    const known = this.#locals.get(key);
    if (known !== undefined || local.type === 'srflx') return;
    this.#locals.set(key, local);
    for (const remote of this.#remotes) this.#pair(local, remote, role);
  }

  /** Forgets a base that is gone; returns its pairs. */
  removeLocal(local: LocalCandidate): CandidatePair[] {
    const key = baseKey(local.base);
    if (local.type === 'srflx' || !this.#locals.delete(key)) return [];
    const gone = [...this.#pairs.values()].filter(pair => baseKey(pair.local.base) === key);
    for (const pair of gone) {
      this.#pairs.delete(pair.key);
      this.#triggered = this.#triggered.filter(other => other !== pair);
    }
    return gone;
  }

  /** The candidate whose base a message arrived at. */
  localOf(key: string): LocalCandidate | undefined {
    return this.#locals.get(key);
  }

  /** Adds a candidate of the peer, signaled or peer-reflexive; false when there are too many. */
  addRemote(remote: Candidate, role: IceRole): boolean {
    const at = this.#remotes.findIndex(other => sameEndpoint(other.endpoint, remote.endpoint));
    const known = this.#remotes[at];
    if (known !== undefined) {
      if (known.type !== 'prflx' || remote.type === 'prflx') return true;
      // RFC 8838 §11.4: what looked peer-reflexive is now known by its right name.
      this.#remotes[at] = remote;
      for (const pair of this.#pairs.values()) if (pair.remote === known) pair.remote = remote;
      return true;
    }
    if (this.#remotes.length >= MAX_REMOTE_CANDIDATES) return false;
    this.#remotes.push(remote);
    for (const local of this.#locals.values()) this.#pair(local, remote, role);
    return true;
  }

  find(local: LocalCandidate, remote: Candidate): CandidatePair | undefined {
    return this.#pairs.get(pairKey(local, remote));
  }

  /** RFC 8445 §7.3.1.4: check this pair next. */
  trigger(pair: CandidatePair): void {
    if (pair.state !== 'in-progress') pair.state = 'waiting';
    if (!this.#triggered.includes(pair)) this.#triggered.push(pair);
  }

  /** The pair to check now (RFC 8445 §6.1.4.2); undefined when there is none. */
  next(role: IceRole): CandidatePair | undefined {
    const triggered = this.#triggered.shift();
    if (triggered !== undefined) return triggered;
    const chosen = this.#bestWaiting(role);
    if (chosen !== undefined) this.#relayNext = !chosen.relayed;
    return chosen;
  }

  /** Whether {@link next} would give one. */
  get hasNext(): boolean {
    if (this.#triggered.length > 0) return true;
    for (const { state } of this.#pairs.values()) if (state === 'waiting') return true;
    return false;
  }

  #pair(local: LocalCandidate, remote: Candidate, role: IceRole): void {
    const ours = baseEndpoint(local.base);
    if (addressFamily(ours.address) !== addressFamily(remote.endpoint.address)) return;
    if (sameEndpoint(ours, remote.endpoint)) return; // to ourselves
    const key = pairKey(local, remote);
    if (this.#pairs.has(key)) return;
    this.#pairs.set(key, new CandidatePair(local, remote));
    if (this.#pairs.size > MAX_PAIRS) this.#dropWorst(role);
  }

  #bestWaiting(role: IceRole): CandidatePair | undefined {
    let best: CandidatePair | undefined;
    for (const pair of this.#pairs.values()) {
      if (pair.state !== 'waiting') continue;
      if (best === undefined || this.#before(pair, best, role)) best = pair;
    }
    return best;
  }

  #before(a: CandidatePair, b: CandidatePair, role: IceRole): boolean {
    if (a.relayed !== b.relayed) return a.relayed === this.#relayNext;
    return a.priority(role) > b.priority(role);
  }

  #dropWorst(role: IceRole): void {
    let worst: CandidatePair | undefined;
    for (const pair of this.#pairs.values()) {
      if (pair.state === 'succeeded' || pair.state === 'in-progress') continue;
      if (worst === undefined || pair.priority(role) < worst.priority(role)) worst = pair;
    }
    if (worst === undefined) return;
    this.#pairs.delete(worst.key);
    const dropped = worst;
    this.#triggered = this.#triggered.filter(pair => pair !== dropped);
  }
}
