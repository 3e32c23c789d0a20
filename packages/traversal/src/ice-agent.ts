import { type Candidate, type Endpoint, sameEndpoint } from '@evio/types';
import { canonicalEndpoint } from './address.ts';
import { type Base, baseKey, type LocalCandidate, usableRemoteCandidate } from './candidate.ts';
import type { CandidatePair, IceRole } from './candidate-pair.ts';
import { CheckList } from './check-list.ts';
import {
  areCredentials,
  encodeCheckError,
  encodeCheckSuccess,
  type IceCredentials,
  newCredentials,
  shortTermKey,
} from './connectivity-check.ts';
import { Consent } from './consent.ts';
import {
  describePair,
  type IceCounters,
  type IceOutput,
  type IceState,
  type PairReport,
  type SelectedPair,
} from './ice-output.ts';
import { ICE_TIMING, type IceTiming } from './ice-timing.ts';
import { nominationStep, preferredPair } from './nomination.ts';
import { type CheckPurpose, type OwnCheck, OwnChecks } from './own-checks.ts';
import { type PeerCheck, peerReflexive, readPeerCheck, settleRoles } from './peer-check.ts';
import { parseStun, STUN_METHOD, type StunMessage } from './stun-message.ts';

export interface IceAgentOptions {
  /** Who nominates. Both sides should agree; a conflict is resolved (RFC 8445 §7.3.1.1). */
  readonly role: IceRole;
  readonly random: (bytes: number) => Uint8Array;
  readonly timing?: Partial<IceTiming>;
}

/** A check that came before the peer's credentials; it is answered, and followed up later. */
interface EarlyCheck {
  readonly check: PeerCheck;
  readonly base: Base;
  readonly remote: Endpoint;
}

const MAX_EARLY_CHECKS = 16;

/**
 * One ICE session (RFC 8445): finds out which pairs of our bases and the peer's candidates work,
 * and agrees with the peer on one. Sans-IO: the caller feeds candidates, messages and the time, and
 * after each call takes what {@link poll} gives until it gives nothing.
 *
 * An ICE restart is a new agent beside the old one; the demultiplexer tells them apart by ufrag.
 */
export class IceAgent {
  readonly credentials: IceCredentials;
  readonly counters: IceCounters = {
    unauthenticated: 0,
    unknownTransaction: 0,
    malformed: 0,
    candidatesRefused: 0,
  };
  readonly #random: (bytes: number) => Uint8Array;
  readonly #timing: IceTiming;
  readonly #localKey: Uint8Array;
  readonly #list = new CheckList();
  readonly #checks: OwnChecks;
  readonly #outputs: IceOutput[] = [];
  #role: IceRole;
  #tieBreaker: bigint;
  #remote: IceCredentials | undefined;
  #early: EarlyCheck[] = [];
  #state: IceState = 'new';
  #startedAt = 0;
  #nextCheckAt = 0;
  #firstDirectAt: number | undefined;
  #nominations = 0;
  #selected: { pair: CandidatePair; nominated: boolean } | undefined;
  #consent: Consent | undefined;

  constructor({ role, random, timing }: IceAgentOptions) {
    this.#role = role;
    this.#random = random;
    this.#timing = { ...ICE_TIMING, ...timing };
    this.#checks = new OwnChecks(random, this.#timing);
    this.#tieBreaker = Buffer.from(random(8)).readBigUInt64BE();
    this.credentials = newCredentials(random);
    this.#localKey = shortTermKey(this.credentials.password);
  }

  get localUfrag(): string {
    return this.credentials.ufrag;
  }

  get localPassword(): string {
    return this.credentials.password;
  }

  get role(): IceRole {
    return this.#role;
  }

  get state(): IceState {
    return this.#state;
  }

  /** The path in use; undefined before the first pair works. */
  get selected(): SelectedPair | undefined {
    return this.#selected && describePair(this.#selected.pair);
  }

  /** The pairs with what their checks have told, for people. */
  get pairs(): PairReport[] {
    return [...this.#list.pairs].map(pair => ({
      ...describePair(pair),
      state: pair.state,
      selected: pair === this.#selected?.pair,
    }));
  }

  /** The pairs with their states, for the log. */
  describe(): string[] {
    return [...this.#list.pairs].map(pair => `${pair.state} ${pair}`);
  }

  /** Adds a candidate of ours; it may come at any time (RFC 8838). */
  addLocalCandidate(now: number, candidate: LocalCandidate): void {
    if (this.#state === 'failed') return;
    this.#list.addLocal(candidate, this.#role);
    this.#act(now);
  }

  /** A base is gone (address removed, allocation lost); a path over it ends at once. */
  removeLocalCandidate(now: number, candidate: LocalCandidate): void {
    const gone = this.#list.removeLocal(candidate);
    this.#checks.forget(gone);
    for (const pair of gone) pair.state = 'failed';
    if (this.#selected && gone.includes(this.#selected.pair)) {
      this.#selected = undefined;
      this.#consent = undefined;
      this.#disconnect(now);
    }
    this.#act(now);
  }

  /**
   * The peer's credentials, from its offer or answer. Only the first ones count: others belong to
   * another session. Returns false when they are not well formed.
   */
  setRemote(now: number, remote: IceCredentials): boolean {
    if (!areCredentials(remote)) return false;
    if (this.#remote !== undefined || this.#state === 'failed') return true;
    this.#remote = remote;
    this.#startedAt = now;
    this.#setState('checking');
    const early = this.#early;
    this.#early = [];
    for (const { check, base, remote: endpoint } of early) {
      if (check.from === remote.ufrag) this.#heard(base, endpoint, check);
    }
    this.#act(now);
    return true;
  }

  /** Adds a candidate that the peer signaled; it may come at any time. */
  addRemoteCandidate(now: number, candidate: Candidate): void {
    if (this.#state === 'failed') return;
    const usable = usableRemoteCandidate(candidate);
    if (usable === undefined || !this.#list.addRemote(usable, this.#role)) {
      this.counters.candidatesRefused++;
    }
    this.#act(now);
  }

  /** Something suggests that the path is dead (datapath stalled): ask the peer now. */
  verify(now: number): void {
    this.#consent?.verify(now);
    this.#act(now);
  }

  /** Authentic traffic of the peer (a sealed datagram) came on the selected path: it is alive. */
  heard(now: number): void {
    this.#consent?.heard();
    if (this.#state === 'disconnected' && this.#selected) this.#setState('connected');
    this.#act(now);
  }

  /**
   * A sealed echo came back on the selected path: as good as an answered consent check, since only
   * the peer could answer it and only our request made it do so.
   */
  confirmed(now: number, rttMs: number): void {
    this.#consent?.answered(now, rttMs);
    this.heard(now);
  }

  /** Whether an answer with this transaction id is for us. */
  awaits(transactionId: string): boolean {
    return this.#checks.has(transactionId);
  }

  /**
   * A STUN message that came to `base` from `remote`. Returns whether it was authentic and ours;
   * everything else is counted and has no effect.
   */
  receive(
    now: number,
    input: Uint8Array | StunMessage,
    { base, remote }: { base: Base; remote: Endpoint },
  ): boolean {
    const message = input instanceof Uint8Array ? parseStun(input) : input;
    const isOurs = message?.method === STUN_METHOD.binding && message.hasFingerprint;
    if (!isOurs || message.class === 'indication') {
      this.counters.malformed++;
      return false;
    }
    const from = canonicalEndpoint(remote);
    const taken =
      message.class === 'request'
        ? this.#onRequest(now, message, base, from)
        : this.#onResponse(now, message, base, from);
    this.#act(now);
    return taken;
  }

  /** Does what is due at `now`. */
  tick(now: number): void {
    this.#act(now);
  }

  /** When to call {@link tick} (perhaps already past); undefined when nothing is planned. */
  nextTimeout(): number | undefined {
    if (this.#state === 'failed' || this.#remote === undefined) return undefined;
    let next = this.#checks.nextTimeout;
    if (this.#list.hasNext) next = Math.min(next, this.#nextCheckAt);
    if (this.#consent) next = Math.min(next, this.#consent.nextTimeout);
    if (this.#selected === undefined) next = Math.min(next, this.#patienceEnd);
    const step = this.#nextNomination(Number.NEGATIVE_INFINITY);
    if (step && 'askAt' in step) next = Math.min(next, step.askAt);
    if (this.#selected?.pair.relayed) {
      for (const { retryAt } of this.#list.pairs) next = Math.min(next, retryAt);
    }
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  /** The next thing to do; undefined when there is nothing more. */
  poll(): IceOutput | undefined {
    return this.#outputs.shift();
  }

  // -- The peer's checks (RFC 8445 §7.3)

  #onRequest(now: number, message: StunMessage, base: Base, remote: Endpoint): boolean {
    const verdict = readPeerCheck(message, {
      ufrag: this.localUfrag,
      key: this.#localKey,
      ...(this.#remote && { peerUfrag: this.#remote.ufrag }),
    });
    if (verdict.kind === 'unauthenticated' || verdict.kind === 'malformed') {
      this.counters[verdict.kind]++;
      return false;
    }
    if (this.#state === 'failed') return true; // we no longer consent (RFC 7675 §5.1)
    if (verdict.kind === 'unknown-attributes') {
      this.#transmit(encodeCheckError(message, 420, this.localPassword), base, remote);
      return true;
    }
    const { check } = verdict;
    const role = settleRoles(this.#role, this.#tieBreaker, check.claim);
    if (role === 'refuse') {
      this.#transmit(encodeCheckError(message, 487, this.localPassword), base, remote);
      return true;
    }
    this.#switchRole(role);
    this.#transmit(encodeCheckSuccess(message, remote, this.localPassword), base, remote);
    if (this.#remote !== undefined) {
      this.#heard(base, remote, check);
      this.#select(now);
    } else if (this.#early.length < MAX_EARLY_CHECKS) {
      this.#early.push({ check, base, remote });
    }
    return true;
  }

  /** An authentic check came: RFC 8445 §7.3.1.3 to §7.3.1.5. */
  #heard(base: Base, endpoint: Endpoint, check: PeerCheck): void {
    const local = this.#list.localOf(baseKey(base));
    if (local === undefined) return; // a base that is gone, or not announced
    const known = this.#list.remoteCandidates.find(one => sameEndpoint(one.endpoint, endpoint));
    const remote = known ?? peerReflexive(endpoint, check.priority);
    if (known === undefined && !this.#list.addRemote(remote, this.#role)) {
      this.counters.candidatesRefused++;
      return;
    }
    const pair = this.#list.find(local, remote);
    if (pair === undefined) return;
    const nominate = check.nominate && this.#role === 'controlled';
    if (pair.state === 'succeeded') {
      if (nominate) pair.nomination = ++this.#nominations;
      return;
    }
    pair.nominateOnSuccess ||= nominate;
    this.#list.trigger(pair);
  }

  // -- Answers to our checks (RFC 8445 §7.2.5)

  #onResponse(now: number, message: StunMessage, base: Base, remote: Endpoint): boolean {
    const check = this.#checks.get(message.transactionId);
    if (check === undefined || this.#remote === undefined) {
      this.counters.unknownTransaction++;
      return false;
    }
    if (!message.verifies(shortTermKey(this.#remote.password))) {
      this.counters.unauthenticated++; // and the request stays open for the true answer
      return false;
    }
    const { pair } = check;
    const symmetric =
      baseKey(base) === baseKey(pair.local.base) && sameEndpoint(remote, pair.remote.endpoint);
    if (!symmetric) {
      this.counters.malformed++; // RFC 8445 §7.2.5.2.1: not a way we could use
      return false;
    }
    this.#checks.close(check);
    if (message.class === 'success') {
      this.#succeeded(now, check);
    } else if (message.get('ERROR-CODE')?.code === 487) {
      // RFC 8445 §7.2.5.1: give way, unless we have done so since the check was sent.
      if (check.role === this.#role) {
        this.#switchRole(this.#role === 'controlling' ? 'controlled' : 'controlling');
        this.#tieBreaker = Buffer.from(this.#random(8)).readBigUInt64BE();
      }
      if (pair.state !== 'succeeded') this.#list.trigger(pair);
    } else if (pair.state !== 'succeeded') {
      this.#pairFailed(now, pair);
    }
    return true;
  }

  #succeeded(now: number, { transaction, pair, purpose, role }: OwnCheck): void {
    const rttMs = transaction.roundTrip(now);
    pair.rttMs = rttMs ?? pair.rttMs;
    pair.retryAt = Number.POSITIVE_INFINITY;
    if (pair.state !== 'succeeded') {
      pair.state = 'succeeded';
      if (!pair.relayed) this.#firstDirectAt ??= now;
    }
    // Ours counts only when it was sent, and is answered, in the controlling role.
    const ours = purpose === 'nominate' && role === 'controlling' && this.#role === role;
    if (ours || (pair.nominateOnSuccess && this.#role === 'controlled')) {
      pair.nominateOnSuccess = false;
      pair.nomination = ++this.#nominations;
    }
    if (pair === this.#selected?.pair) {
      this.#consent?.answered(now, rttMs);
      this.#checks.forgetConsent();
      if (this.#state === 'disconnected') this.#setState('connected');
    }
    this.#select(now);
  }

  // -- Time

  #act(now: number): void {
    if (this.#remote === undefined || this.#state === 'failed') return;
    this.#repeatChecks(now);
    this.#keepConsent(now);
    const step = this.#nextNomination(now);
    if (step && 'nominate' in step) this.#check(now, step.nominate, 'nominate');
    this.#retryDirect(now);
    if (now >= this.#nextCheckAt) this.#nextCheck(now);
    // RFC 8863: even when all pairs have failed, checks of the peer may open another one; only time
    // tells that nothing will.
    if (this.#selected === undefined && now >= this.#patienceEnd) this.#setState('failed');
  }

  get #patienceEnd(): number {
    return this.#startedAt + this.#timing.patience;
  }

  /** RFC 8445 §6.1.4.2: at most one new check per Ta. */
  #nextCheck(now: number): void {
    const pair = this.#list.next(this.#role);
    if (pair === undefined) return;
    this.#nextCheckAt = now + this.#timing.pacing;
    const again = this.#checks.repeat(now, pair, this.#role);
    if (again !== undefined) {
      this.#transmit(again, pair.local.base, pair.remote.endpoint);
      return;
    }
    if (pair.state !== 'succeeded') pair.state = 'in-progress';
    this.#check(now, pair, 'check');
  }

  #repeatChecks(now: number): void {
    const { repeated, expired } = this.#checks.tick(now);
    for (const { transaction, pair } of repeated) {
      this.#transmit(transaction.bytes, pair.local.base, pair.remote.endpoint);
    }
    for (const { pair, purpose } of expired) {
      if (purpose !== 'consent') this.#pairFailed(now, pair);
    }
  }

  /** A check got no answer or a refusal. A pair that had worked is judged by its consent only. */
  #pairFailed(now: number, pair: CandidatePair): void {
    if (pair === this.#selected?.pair) return;
    pair.state = 'failed';
    if (pair.relayed) return;
    const { upgradeRetry, upgradeRetryCap } = this.#timing;
    const age = now - this.#startedAt;
    pair.retryAt = now + Math.min(Math.max(upgradeRetry, age), upgradeRetryCap);
  }

  /** While a relay carries the data, direct pairs get further chances, ever more seldom. */
  #retryDirect(now: number): void {
    if (!this.#selected?.pair.relayed) return;
    for (const pair of this.#list.pairs) {
      if (pair.retryAt > now) continue;
      pair.retryAt = Number.POSITIVE_INFINITY;
      if (pair.state === 'failed') pair.state = 'waiting';
    }
  }

  #keepConsent(now: number): void {
    const pair = this.#selected?.pair;
    if (pair === undefined || this.#consent === undefined) return;
    if (this.#consent.expired(now)) {
      this.#setState('failed');
      this.#checks.clear();
      return;
    }
    if (!this.#consent.due(now)) return;
    this.#check(now, pair, 'consent');
    if (this.#consent.disconnected && this.#state === 'connected') this.#disconnect(now);
  }

  /**
   * The path does not answer. Try everything again: what is left of the old pairs may work (a relay,
   * or the same pair after a NAT forgot us), and no signaling is needed for that.
   */
  #disconnect(now: number): void {
    this.#setState('disconnected');
    for (const pair of this.#list.pairs) {
      if (pair === this.#selected?.pair || pair.state === 'in-progress') continue;
      pair.state = 'waiting';
      pair.nomination = 0;
    }
    this.#startedAt = now; // patience and relayWait count anew
    this.#firstDirectAt = undefined;
  }

  #nextNomination(now: number): ReturnType<typeof nominationStep> {
    if (this.#role !== 'controlling' || this.#checks.nominating) return undefined;
    return nominationStep([...this.#list.pairs], {
      now,
      relayedFrom: this.#startedAt + this.#timing.relayWait,
      directFrom: (this.#firstDirectAt ?? this.#startedAt) + this.#timing.directSettle,
    });
  }

  // -- The choice

  #select(now: number): void {
    const current = this.#selected;
    const down = this.#state === 'disconnected';
    const pairs = [...this.#list.pairs].filter(pair => !(down && pair === current?.pair));
    const pair = preferredPair(pairs, this.#role);
    if (pair === undefined) return;
    const nominated = pair.nomination > 0;
    if (current?.pair === pair && current.nominated === nominated) return;
    this.#selected = { pair, nominated };
    if (current?.pair !== pair) {
      if (down && current !== undefined) {
        current.pair.nomination = 0;
        this.#checks.forget([current.pair]);
        this.#pairFailed(now, current.pair);
      }
      this.#consent = new Consent(
        now,
        this.#timing,
        () => Buffer.from(this.#random(2)).readUInt16BE() / 65536,
        pair.rttMs,
      );
    }
    this.#outputs.push({ type: 'selected', pair: describePair(pair), nominated });
    this.#setState('connected');
  }

  #check(now: number, pair: CandidatePair, purpose: CheckPurpose): void {
    if (this.#remote === undefined) return;
    const bytes = this.#checks.begin(now, pair, purpose, {
      localUfrag: this.localUfrag,
      remote: this.#remote,
      role: this.#role,
      tieBreaker: this.#tieBreaker,
    });
    this.#transmit(bytes, pair.local.base, pair.remote.endpoint);
  }

  #transmit(bytes: Uint8Array, base: Base, remote: Endpoint): void {
    this.#outputs.push({ type: 'transmit', bytes, base, remote });
  }

  #switchRole(role: IceRole): void {
    if (role === this.#role) return;
    this.#role = role;
    for (const pair of this.#list.pairs) pair.nominateOnSuccess = false;
  }

  #setState(state: IceState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#outputs.push({ type: 'state', state });
  }
}
