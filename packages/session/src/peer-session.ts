import { EvioError } from '@evio/types';
import { AnsweredInitiation, type Contexts } from './answered-initiation.ts';
import { decodeResponse, INITIATION_TYPE, RESPONSE_TYPE } from './handshake-message.ts';
import { LiveSessions } from './live-sessions.ts';
import {
  type AgreedSession,
  PairHandshake,
  type PairOptions,
  type PendingInitiation,
} from './pair-handshake.ts';
import { type AttemptStep, PathAttempt } from './path-attempt.ts';
import type { SessionCounters, SessionOutput, SessionState } from './session-output.ts';
import { type Timers, timersFrom } from './timers.ts';
import { TimestampGuard } from './timestamp-guard.ts';

/** What a {@link PeerSession} is made from. */
export interface PeerSessionOptions extends PairOptions {
  /** A u32 that no other session of this process has. */
  readonly allocateIndex: () => number;
  /** Told when an index is no longer in use. */
  readonly releaseIndex?: (index: number) => void;
  readonly timers?: Partial<Timers>;
}

/** A datagram on the path carries nothing beside itself. */
const NO_CONTEXTS: Contexts = { context: undefined, replyContext: undefined };

/**
 * The keys between this node and one peer, from the first handshake to the last rekey.
 *
 * 1. The first handshake travels in stanzas: {@link initiate}, the peer's {@link respond},
 *    {@link complete}.
 * 2. Each makes an `install`. The initiator's datapath sends under the new keys at once; the
 *    responder's when it has received under them ({@link onEstablished}). Old keys go on receiving.
 * 3. Before they get too old, their initiator makes new ones over the path (`send`, {@link receive}).
 * 4. {@link restart} does the same at once, when the path seems to lead to nobody who knows our keys.
 *
 * It has no clock and no timer: call {@link tick} at {@link nextTimeout}, then {@link poll} until it is
 * empty after every call.
 */
export class PeerSession {
  readonly #options: PeerSessionOptions;
  readonly #timers: Timers;
  readonly #pair: PairHandshake;
  readonly #guard = new TimestampGuard();
  readonly #live: LiveSessions;
  readonly #outputs: SessionOutput[] = [];
  readonly #counters = new Map<string, number>();
  /** The initiation that left in a stanza. */
  #stanza: { pending: PendingInitiation; expiresAt: number } | undefined;
  /** The initiation that left on the path. */
  #path: { pending: PendingInitiation; attempt: PathAttempt } | undefined;
  /** The last initiation answered, to answer its copies alike. */
  #answered: AnsweredInitiation | undefined;
  #state: SessionState = { state: 'down', since: 0 };
  /** Local index of the session that `#state` speaks of. */
  #stateOf: number | undefined;

  /** @throws EvioError `PSK_LENGTH`. */
  constructor(options: PeerSessionOptions) {
    this.#options = options;
    this.#timers = timersFrom(options.timers);
    this.#pair = new PairHandshake(options);
    const preferred = options.identity.nodeId < options.peer.id ? 'initiator' : 'responder';
    this.#live = new LiveSessions(this.#timers, preferred);
  }

  /** How the session stands. */
  get state(): SessionState {
    return this.#state;
  }

  /**
   * Begins a handshake whose initiation travels in an offer.
   *
   * @param context what the offer's other parts must be for the handshake to succeed: the initiator's
   * ICE credentials. @returns the datagram 0xC1 for the stanza.
   */
  initiate(now: number, context?: Uint8Array): Uint8Array {
    this.#dropStanza();
    const pending = this.#pair.initiate(this.#options.allocateIndex(), context);
    this.#stanza = { pending, expiresAt: now + this.#timers.stanzaTimeout };
    this.#count('initiationsSent');
    this.#settle(now);
    return pending.bytes;
  }

  /**
   * Answers an initiation that came in an offer.
   *
   * @param context as for {@link initiate}, from the offer. @param replyContext our own ICE
   * credentials, as the answer will carry them. @returns the datagram 0xC2 for the answer.
   * @throws EvioError as `PairHandshake.accept`; nothing has changed then.
   */
  respond(
    now: number,
    message: Uint8Array,
    context?: Uint8Array,
    replyContext?: Uint8Array,
  ): Uint8Array {
    const response = this.#accept(now, message, { context, replyContext });
    this.#settle(now);
    return response;
  }

  /**
   * Takes the answer to {@link initiate}.
   *
   * @param replyContext the peer's ICE credentials, from the answer.
   * @throws EvioError `RESPONSE_UNEXPECTED` when nothing waits for it, or as
   * `PendingInitiation.finish`; the handshake goes on waiting then.
   */
  complete(now: number, message: Uint8Array, replyContext?: Uint8Array): void {
    const { receiverIndex } = decodeResponse(message);
    const pending = this.#stanza?.pending;
    if (pending?.localIndex !== receiverIndex) throw unexpected(receiverIndex);
    const session = pending.finish(message, replyContext);
    this.#stanza = undefined;
    this.#dropPath();
    this.#install(now, session);
    this.#settle(now);
  }

  /** Takes a handshake datagram that came on the path. What is wrong with it is counted. */
  receive(now: number, datagram: Uint8Array): void {
    try {
      if (datagram[0] === INITIATION_TYPE) {
        const bytes = this.#accept(now, datagram, NO_CONTEXTS);
        this.#outputs.push({ type: 'send', bytes });
      } else if (datagram[0] === RESPONSE_TYPE) {
        this.#response(now, datagram);
      } else {
        throw new EvioError('MESSAGE_INVALID', 'expected a handshake datagram');
      }
    } catch (error) {
      if (error instanceof EvioError) this.#count(error.code);
      else this.#unexpected(error);
    }
    this.#settle(now);
  }

  /** The datapath received the first datagram of a responder's session: the peer uses it. */
  onEstablished(now: number, localIndex: number): void {
    // The peer has newer keys than an initiation of ours would make, so that one may rest.
    if (this.#live.confirm(localIndex)) this.#dropPath();
    this.#settle(now);
  }

  /** The datapath has used up the nonces of a session. */
  onExhausted(now: number, localIndex: number): void {
    if (this.#live.leading?.localIndex === localIndex) this.#begin(now);
    this.#settle(now);
  }

  /** Makes new keys over the path now: the peer does not seem to know ours any more. */
  restart(now: number): void {
    const attempt = this.#path?.attempt;
    const newest = attempt?.freshAt ?? this.#live.leading?.createdAt ?? Number.NEGATIVE_INFINITY;
    if (now - newest < this.#timers.restartPause) return;
    if (attempt === undefined) this.#begin(now);
    else this.#renew(attempt, attempt.fresh(now));
    this.#settle(now);
  }

  /** Does what is due at `now`. */
  tick(now: number): void {
    const before = this.#live.leading;
    for (const localIndex of this.#live.expire(now)) this.#removed(localIndex);
    // A host that slept may have missed the time for new keys altogether.
    if (before !== undefined && this.#live.leading === undefined) this.#begin(now);
    if (this.#stanza !== undefined && now >= this.#stanza.expiresAt) {
      this.#dropStanza();
      this.#fail('HANDSHAKE_TIMEOUT', 'no answer to the offer');
    }
    if (this.#path !== undefined) {
      const { attempt } = this.#path;
      if (attempt.report(now)) this.#fail('HANDSHAKE_TIMEOUT', 'no answer on the path');
      this.#renew(attempt, attempt.step(now));
    } else if (now >= (this.#rekeyAt() ?? Number.POSITIVE_INFINITY)) {
      this.#begin(now);
    }
    this.#settle(now);
  }

  /** When {@link tick} has something to do; `undefined` when only a call from outside changes that. */
  nextTimeout(): number | undefined {
    const times = [
      this.#live.expiresAt,
      this.#stanza?.expiresAt,
      this.#path === undefined ? this.#rekeyAt() : this.#path.attempt.nextAt,
    ].filter(time => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** The next thing to do, or `undefined`. */
  poll(): SessionOutput | undefined {
    return this.#outputs.shift();
  }

  counters(): SessionCounters {
    return Object.fromEntries(this.#counters);
  }

  /** Gives up all keys. {@link poll} has the last outputs then. */
  close(now: number): void {
    this.#dropStanza();
    this.#dropPath();
    for (const localIndex of this.#live.indexes) {
      this.#live.remove(localIndex);
      this.#removed(localIndex);
    }
    this.#settle(now);
  }

  #accept(now: number, datagram: Uint8Array, contexts: Contexts): Uint8Array {
    if (this.#answered?.isCopy(datagram, contexts) === true) {
      this.#count('duplicates');
      return this.#answered.response;
    }
    const { allocateIndex } = this.#options;
    const { bytes, session } = this.#pair.accept(datagram, contexts, this.#guard, allocateIndex);
    this.#answered = new AnsweredInitiation(datagram, contexts, bytes, session.localIndex);
    this.#count('initiationsAccepted');
    this.#install(now, session);
    return bytes;
  }

  #response(now: number, datagram: Uint8Array): void {
    const { receiverIndex } = decodeResponse(datagram);
    const pending = this.#path?.pending;
    if (pending?.localIndex !== receiverIndex) throw unexpected(receiverIndex);
    const session = pending.finish(datagram, undefined);
    this.#path = undefined;
    this.#install(now, session);
  }

  /** When new keys are due: earlier for the side that initiated the current ones. */
  #rekeyAt(): number | undefined {
    const leading = this.#live.leading;
    if (leading === undefined) return undefined;
    const { rekeyAfter, responderRekeyAfter } = this.#timers;
    return leading.createdAt + (leading.role === 'initiator' ? rekeyAfter : responderRekeyAfter);
  }

  /** Begins an attempt on the path unless there is one. */
  #begin(now: number): void {
    if (this.#path !== undefined) return;
    this.#renew(new PathAttempt(this.#timers, this.#options.random, now), 'fresh');
  }

  #renew(attempt: PathAttempt, step: AttemptStep | undefined): void {
    if (step === undefined) return;
    let pending = this.#path?.pending;
    if (pending === undefined || step === 'fresh') {
      this.#dropPath();
      pending = this.#pair.initiate(this.#options.allocateIndex(), undefined);
      this.#path = { pending, attempt };
    }
    this.#count('initiationsSent');
    this.#outputs.push({ type: 'send', bytes: pending.bytes });
  }

  #install(now: number, session: AgreedSession): void {
    const { localIndex, role, cipher } = session;
    this.#outputs.push({ type: 'install', session });
    for (const gone of this.#live.add({ localIndex, role, cipher, createdAt: now })) {
      this.#removed(gone);
    }
  }

  #removed(localIndex: number): void {
    if (this.#answered?.localIndex === localIndex) this.#answered = undefined;
    this.#outputs.push({ type: 'remove', localIndex });
    this.#options.releaseIndex?.(localIndex);
  }

  #dropStanza(): void {
    if (this.#stanza !== undefined) this.#options.releaseIndex?.(this.#stanza.pending.localIndex);
    this.#stanza = undefined;
  }

  #dropPath(): void {
    if (this.#path !== undefined) this.#options.releaseIndex?.(this.#path.pending.localIndex);
    this.#path = undefined;
  }

  /** Tells the state when it, or the session it speaks of, is another than before. */
  #settle(now: number): void {
    const leading = this.#live.leading;
    const waiting =
      this.#stanza !== undefined ||
      this.#path?.attempt.overdue === false ||
      this.#live.hasUnconfirmed;
    const next: SessionState =
      leading !== undefined
        ? { state: 'up', cipher: leading.cipher, since: now }
        : { state: waiting ? 'handshaking' : 'down', since: now };
    if (next.state === this.#state.state && leading?.localIndex === this.#stateOf) return;
    this.#state = next;
    this.#stateOf = leading?.localIndex;
    this.#outputs.push({ type: 'state', ...next });
  }

  #count(name: string): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + 1);
  }

  #fail(code: string, message: string): void {
    const { peer } = this.#options;
    this.#count(code);
    const error = new EvioError(code, `handshake with ${peer.name} (${peer.id}): ${message}`);
    this.#outputs.push({ type: 'failed', error });
  }

  /** A mistake of ours that a datagram brought out must not stop the agent, nor stay unseen. */
  #unexpected(cause: unknown): void {
    this.#count('INTERNAL');
    const error = new EvioError('INTERNAL', 'handshake: unexpected error', { cause });
    this.#outputs.push({ type: 'failed', error });
  }
}

function unexpected(receiverIndex: number): EvioError {
  return new EvioError('RESPONSE_UNEXPECTED', `no initiation waits at index ${receiverIndex}`);
}
