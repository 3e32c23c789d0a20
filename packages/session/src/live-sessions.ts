import type { TransportCipher } from './handshake-message.ts';
import type { Timers } from './timers.ts';

/** An installed session, without its keys: those are the datapath's alone. */
export interface LiveSession {
  readonly localIndex: number;
  readonly role: 'initiator' | 'responder';
  readonly cipher: TransportCipher;
  /** Milliseconds, monotonic. */
  readonly createdAt: number;
}

/** More than this many at once are a peer's mistake or a very lossy path. */
const MAX_LIVE = 6;

/**
 * The sessions installed with one peer. Every one receives until it is `rejectAfter` old, so that no
 * datagram under way is lost when keys change; which one sends is the datapath's: the last of those
 * that we initiated or that the peer has used.
 *
 * A responder's session is *confirmed* when the peer used it: only then is it sure that the peer got
 * the response. A recorded initiation played back thus makes a session that is never confirmed and
 * displaces nothing.
 */
export class LiveSessions {
  readonly #timers: Timers;
  readonly #preferredRole: LiveSession['role'];
  /** In order of creation. */
  readonly #sessions = new Map<number, LiveSession>();
  readonly #confirmed = new Set<number>();

  /** @param preferredRole ours in sessions that win when both sides initiate at once. */
  constructor(timers: Timers, preferredRole: LiveSession['role']) {
    this.#timers = timers;
    this.#preferredRole = preferredRole;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Local indexes of all, oldest first. */
  get indexes(): number[] {
    return [...this.#sessions.keys()];
  }

  /** Whether a session waits for the peer's first datagram. */
  get hasUnconfirmed(): boolean {
    return this.#sessions.size > this.#confirmed.size;
  }

  /**
   * The session whose age says when to make a new one: the newest confirmed. Both sides compute the
   * same, also when both initiated at once and so got two: there the one of the lower node id counts.
   */
  get leading(): LiveSession | undefined {
    const confirmed = [...this.#sessions.values()].filter(s => this.#confirmed.has(s.localIndex));
    const newest = confirmed.at(-1);
    if (newest === undefined) return undefined;
    const raced = confirmed.filter(
      s => newest.createdAt - s.createdAt < this.#timers.rekeyTimeout && s.role !== newest.role,
    );
    const preferred = [...raced, newest].filter(s => s.role === this.#preferredRole);
    return preferred.at(-1) ?? newest;
  }

  /** Adds a session. @returns local indexes of those that had to go for it. */
  add(session: LiveSession): number[] {
    this.#sessions.set(session.localIndex, session);
    if (session.role === 'initiator') this.#confirmed.add(session.localIndex);
    const gone: number[] = [];
    while (this.#sessions.size > MAX_LIVE) {
      const victim = this.#victim(session.localIndex);
      this.remove(victim);
      gone.push(victim);
    }
    return gone;
  }

  /** The peer has used this session. @returns false when there is none or it had before. */
  confirm(localIndex: number): boolean {
    if (!this.#sessions.has(localIndex) || this.#confirmed.has(localIndex)) return false;
    this.#confirmed.add(localIndex);
    return true;
  }

  /** Removes what is too old. @returns their local indexes. */
  expire(now: number): number[] {
    const { rejectAfter } = this.#timers;
    // The same sum as in expiresAt: a difference would round otherwise and be due, yet not expire.
    const old = [...this.#sessions.values()].filter(s => now >= s.createdAt + rejectAfter);
    for (const { localIndex } of old) this.remove(localIndex);
    return old.map(s => s.localIndex);
  }

  /** When the next one is too old. */
  get expiresAt(): number | undefined {
    const [oldest] = this.#sessions.values();
    return oldest === undefined ? undefined : oldest.createdAt + this.#timers.rejectAfter;
  }

  remove(localIndex: number): void {
    this.#sessions.delete(localIndex);
    this.#confirmed.delete(localIndex);
  }

  /** The oldest unconfirmed, since the peer has gone on to a newer one; else the oldest other. */
  #victim(added: number): number {
    const leading = this.leading?.localIndex;
    const others = this.indexes.filter(index => index !== added && index !== leading);
    return others.find(index => !this.#confirmed.has(index)) ?? others[0] ?? added;
  }
}
