import { type Candidate, type Endpoint, sameEndpoint } from '@evio/types';
import { canonicalEndpoint, endpointKey } from './address.ts';
import {
  type Base,
  baseKey,
  candidateFoundation,
  checkPriority,
  type LocalCandidate,
  usableRemoteCandidate,
} from './candidate.ts';
import type { CandidatePair, IceRole } from './candidate-pair.ts';
import { CheckList } from './check-list.ts';
import {
  areCredentials,
  checkUsername,
  encodeCheck,
  encodeCheckError,
  encodeCheckSuccess,
  type IceCredentials,
  newCredentials,
  shortTermKey,
} from './connectivity-check.ts';
import { Consent } from './consent.ts';
import { ICE_TIMING, type IceTiming } from './ice-timing.ts';
import { nominationStep, preferredPair } from './nomination.ts';
import { newTransactionId, parseStun, STUN_METHOD, type StunMessage } from './stun-message.ts';
import { StunTransaction } from './stun-transaction.ts';

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

export interface IceAgentOptions {
  /** Who nominates. Both sides should agree; a conflict is resolved (RFC 8445 §7.3.1.1). */
  readonly role: IceRole;
  readonly random: (bytes: number) => Uint8Array;
  readonly timing?: Partial<IceTiming>;
}

/** A request under way. */
interface Check {
  readonly transaction: StunTransaction;
  readonly pair: CandidatePair;
  readonly role: IceRole;
  readonly nominate: boolean;
  /** A consent check is sent once, and its pair does not fail with it. */
  readonly consent: boolean;
}

/** A check that came before the peer's credentials; it is answered, and followed up later. */
interface EarlyCheck {
  readonly from: string;
  readonly base: Base;
  readonly remote: Endpoint;
  readonly priority: number;
  readonly nominate: boolean;
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
  readonly #checks = new Map<string, Check>();
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
    return this.#selected && describe(this.#selected.pair);
  }

  /** The pairs with their states, for people. */
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
    for (const [id, { pair }] of this.#checks) if (gone.includes(pair)) this.#checks.delete(id);
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
    for (const check of early) {
      if (check.from === remote.ufrag) {
        this.#heard(check.base, check.remote, check.priority, check.nominate);
      }
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
    let next = Number.POSITIVE_INFINITY;
    for (const { transaction } of this.#checks.values()) {
      next = Math.min(next, transaction.nextTimeout);
    }
    if (this.#list.hasNext) next = Math.min(next, this.#nextCheckAt);
    if (this.#consent) next = Math.min(next, this.#consent.nextTimeout);
    if (this.#selected === undefined)
      next = Math.min(next, this.#startedAt + this.#timing.patience);
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
    const username = checkUsername(message);
    const known =
      username?.to === this.credentials.ufrag &&
      (this.#remote === undefined || username.from === this.#remote.ufrag);
    if (!known || !message.verifies(this.#localKey)) {
      this.counters.unauthenticated++;
      return false;
    }
    if (this.#state === 'failed') return true; // we no longer consent (RFC 7675 §5.1)
    if (message.unknownRequired.length > 0) {
      this.#transmit(encodeCheckError(message, 420, this.localPassword), base, remote);
      return true;
    }
    const priority = message.get('PRIORITY');
    if (priority === undefined) {
      this.counters.malformed++;
      return false;
    }
    if (!this.#agreeOnRoles(message)) {
      this.#transmit(encodeCheckError(message, 487, this.localPassword), base, remote);
      return true;
    }
    this.#transmit(encodeCheckSuccess(message, remote, this.localPassword), base, remote);
    const nominate = message.get('USE-CANDIDATE') === true && this.#role === 'controlled';
    if (this.#remote !== undefined) {
      this.#heard(base, remote, priority, nominate);
      this.#select(now);
    } else if (this.#early.length < MAX_EARLY_CHECKS) {
      this.#early.push({ from: username.from, base, remote, priority, nominate });
    }
    return true;
  }

  /** RFC 8445 §7.3.1.1; false when the peer has to give way (487). */
  #agreeOnRoles(message: StunMessage): boolean {
    const theirs = message.get(this.#role === 'controlling' ? 'ICE-CONTROLLING' : 'ICE-CONTROLLED');
    if (theirs === undefined) return true;
    const controls = this.#tieBreaker >= theirs;
    if (controls === (this.#role === 'controlling')) return false;
    this.#switchRole(controls ? 'controlling' : 'controlled');
    return true;
  }

  /** An authentic check came: RFC 8445 §7.3.1.3 to §7.3.1.5. */
  #heard(base: Base, endpoint: Endpoint, priority: number, nominate: boolean): void {
    const local = this.#list.localOf(baseKey(base));
    if (local === undefined) return; // a base that is gone, or not announced
    let remote = this.#remoteAt(endpoint);
    if (remote === undefined) {
      remote = {
        foundation: candidateFoundation('prflx', endpointKey(endpoint)),
        priority: Math.min(Math.max(priority, 1), 2 ** 31 - 1),
        type: 'prflx',
        endpoint,
      };
      if (!this.#list.addRemote(remote, this.#role)) {
        this.counters.candidatesRefused++;
        return;
      }
    }
    const pair = this.#list.find(local, remote);
    if (pair === undefined) return;
    if (pair.state === 'succeeded') {
      if (nominate) pair.nomination = ++this.#nominations;
      return;
    }
    pair.nominateOnSuccess ||= nominate;
    this.#list.trigger(pair);
  }

  #remoteAt(endpoint: Endpoint): Candidate | undefined {
    return this.#list.remoteCandidates.find(other => sameEndpoint(other.endpoint, endpoint));
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
    this.#checks.delete(message.transactionId);
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

  #succeeded(now: number, { transaction, pair, nominate, role }: Check): void {
    const rttMs = transaction.roundTrip(now);
    pair.rttMs = rttMs ?? pair.rttMs;
    pair.retryAt = Number.POSITIVE_INFINITY;
    if (pair.state !== 'succeeded') {
      pair.state = 'succeeded';
      if (!pair.relayed) this.#firstDirectAt ??= now;
    }
    const nominated = nominate && role === this.#role && role === 'controlling';
    if (nominated || (pair.nominateOnSuccess && this.#role === 'controlled')) {
      pair.nominateOnSuccess = false;
      pair.nomination = ++this.#nominations;
    }
    if (pair === this.#selected?.pair) {
      this.#consent?.answered(now, rttMs);
      // All open consent checks are answered with this one.
      for (const [id, check] of this.#checks) if (check.consent) this.#checks.delete(id);
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
    if (step && 'nominate' in step) this.#check(now, step.nominate, { nominate: true });
    this.#retryDirect(now);
    if (now >= this.#nextCheckAt) this.#nextCheck(now);
    // RFC 8863: even when all pairs have failed, checks of the peer may open another one; only time
    // tells that nothing will.
    const patience = this.#startedAt + this.#timing.patience;
    if (this.#selected === undefined && now >= patience) this.#setState('failed');
  }

  /** RFC 8445 §6.1.4.2: at most one new check per Ta. */
  #nextCheck(now: number): void {
    const pair = this.#list.next(this.#role);
    if (pair === undefined) return;
    this.#nextCheckAt = now + this.#timing.pacing;
    for (const check of this.#checks.values()) {
      if (check.pair !== pair || check.consent || check.role !== this.#role) continue;
      // A triggered check of a pair that is being checked: RFC 8445 §7.3.1.4 makes a new request;
      // we repeat the one under way, so that late answers to it still count.
      check.transaction.restart(now);
      this.#transmit(check.transaction.bytes, pair.local.base, pair.remote.endpoint);
      return;
    }
    if (pair.state !== 'succeeded') pair.state = 'in-progress';
    this.#check(now, pair, {});
  }

  #repeatChecks(now: number): void {
    for (const [id, { transaction, pair, consent }] of this.#checks) {
      const step = transaction.tick(now);
      if (step === 'send') this.#transmit(transaction.bytes, pair.local.base, pair.remote.endpoint);
      if (step !== 'expired') continue;
      this.#checks.delete(id);
      if (!consent) this.#pairFailed(now, pair);
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
    this.#check(now, pair, { consent: true });
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
    if (this.#role !== 'controlling') return undefined;
    for (const check of this.#checks.values()) if (check.nominate) return undefined;
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
        this.#pairFailed(now, current.pair);
      }
      this.#consent = new Consent(
        now,
        this.#timing,
        () => Buffer.from(this.#random(2)).readUInt16BE() / 65536,
        pair.rttMs,
      );
    }
    this.#outputs.push({ type: 'selected', pair: describe(pair), nominated });
    this.#setState('connected');
  }

  #check(
    now: number,
    pair: CandidatePair,
    { nominate = false, consent = false }: { nominate?: boolean; consent?: boolean },
  ): void {
    if (this.#remote === undefined) return;
    const id = newTransactionId(this.#random);
    const bytes = encodeCheck({
      transactionId: id,
      localUfrag: this.localUfrag,
      remote: this.#remote,
      priority: checkPriority(pair.local),
      role: this.#role,
      tieBreaker: this.#tieBreaker,
      nominate,
    });
    const { rto, rtoCap, checkTimeout, consentExpiry } = this.#timing;
    const retransmission = consent
      ? { rto: Number.POSITIVE_INFINITY, cap: rtoCap, timeout: consentExpiry }
      : { rto: Math.max(rto, 1.5 * (pair.rttMs ?? 0)), cap: rtoCap, timeout: checkTimeout };
    const transaction = new StunTransaction(now, id, bytes, retransmission);
    this.#checks.set(id, { transaction, pair, role: this.#role, nominate, consent });
    this.#transmit(bytes, pair.local.base, pair.remote.endpoint);
  }

  #transmit(bytes: Uint8Array, base: Base, remote: Endpoint): void {
    this.#outputs.push({ type: 'transmit', bytes, base, remote });
  }

  #switchRole(role: IceRole): void {
    this.#role = role;
    for (const pair of this.#list.pairs) pair.nominateOnSuccess = false;
  }

  #setState(state: IceState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#outputs.push({ type: 'state', state });
  }
}

function describe(pair: CandidatePair): SelectedPair {
  return {
    base: pair.local.base,
    remote: pair.remote.endpoint,
    local: pair.local,
    remoteCandidate: pair.remote,
    relayed: pair.relayed,
    rttMs: pair.rttMs,
  };
}
