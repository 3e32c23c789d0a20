import { addressFamily, type Endpoint, type EvioError } from '@evio/types';
import type { AllocationId } from './candidate.ts';
import type { IceServer, StreamId, Uplink } from './ice-server.ts';
import type { StunMessage } from './stun-message.ts';
import { type Naming, TurnAttempt, type TurnServerOutput } from './turn-attempt.ts';

/** The relay that a server gave us. */
export interface Relay {
  readonly allocation: AllocationId;
  readonly relayed: Endpoint;
  /** Our address as the server sees it: over UDP a server-reflexive one, else that of the stream. */
  readonly mapped: Endpoint;
  readonly uplink: Uplink;
  readonly server: IceServer;
}

/**
 * When the better transport has said nothing for this long, the next one starts beside it
 * (RFC 8305's idea). UDP-blocked hosts so have a relay by TCP after this and three round trips.
 */
const STAGGER = 350;
/** The better transport has answered, but is not through yet: give it a little longer. */
const STAGGER_ANSWERED = 1000;
const RETRY_FIRST = 2000;
const RETRY_CAP = 60_000;
/** New credentials are taken this long before the old ones end. */
const RENEW_BEFORE = 30_000;
const ORDER = ['udp', 'tcp', 'tls'] as const;

/**
 * One TURN server with all transports it offers, and the one allocation we hold there: over UDP if
 * that works, else TCP, else TLS. Makes a new one when the old is lost.
 */
export class TurnServer {
  readonly #random: (bytes: number) => Uint8Array;
  readonly #naming: Naming;
  readonly #outputs: TurnServerOutput[] = [];
  #entries: readonly IceServer[] = [];
  #queue: IceServer[] = [];
  #attempts: TurnAttempt[] = [];
  #relay: Relay | undefined;
  #nextStartAt = Number.POSITIVE_INFINITY;
  #retryDelay = RETRY_FIRST;
  #lastTransport: IceServer['transport'] | undefined;
  #redirected = false;
  #settled = false;
  /** Why the last attempt ended, for people. */
  lastError: EvioError | undefined;

  constructor(random: (bytes: number) => Uint8Array, naming: Naming) {
    this.#random = random;
    this.#naming = naming;
  }

  /** The relay in use; undefined while there is none. */
  get relay(): Relay | undefined {
    return this.#relay;
  }

  /** Whether there is a relay, or all transports have failed once. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The server's entries, one per transport and family; new credentials come this way too. */
  setEntries(now: number, entries: readonly IceServer[]): void {
    const before = this.#entries;
    this.#entries = [...entries].sort(
      (a, b) => ORDER.indexOf(a.transport) - ORDER.indexOf(b.transport),
    );
    const renewed = this.#renewalAt();
    if (before.length === 0 || this.#attempts.length === 0) this.#restart(now);
    else if (renewed !== undefined && now >= renewed) this.restart(now);
  }

  /** Gives up what there is and begins anew. */
  restart(now: number): void {
    this.close(now);
    this.#restart(now);
  }

  /** Gives everything back. */
  close(now: number): void {
    for (const attempt of this.#attempts) this.#abandon(now, attempt);
    this.#attempts = [];
    this.#relay = undefined;
    this.#queue = [];
    this.#nextStartAt = Number.POSITIVE_INFINITY;
  }

  /** Our addresses changed: a stream from an old one is dead, a UDP way may have a new mapping. */
  networkChanged(now: number): void {
    this.#retryDelay = RETRY_FIRST;
    this.#lastTransport = undefined; // UDP may be free where we are now
    if (this.#relay === undefined || this.#relay.uplink.kind === 'stream') this.restart(now);
    else this.verify(now);
  }

  /** Asks the server at once whether it still knows us. */
  verify(now: number): void {
    for (const { allocation } of this.#attempts) allocation.verify(now);
    this.#collect(now);
  }

  onStream(now: number, stream: StreamId, state: 'open' | 'closed', error?: string): boolean {
    const attempt = this.#attempts.find(one => one.uses(stream));
    attempt?.onStream(now, state, error);
    this.#collect(now);
    return attempt !== undefined;
  }

  /** The allocation a message belongs to: an answer by its id, an indication by where it came from. */
  attemptFor(
    message: StunMessage,
    from: { readonly stream: StreamId } | { readonly remote: Endpoint },
  ): AllocationId | undefined {
    return this.#attempts.find(attempt => attempt.expects(message, from))?.id;
  }

  receive(
    now: number,
    id: AllocationId,
    message: StunMessage,
  ): { readonly remote: Endpoint; readonly bytes: Uint8Array } | undefined {
    const inner = this.#attempts
      .find(attempt => attempt.id === id)
      ?.allocation.receive(now, message);
    this.#collect(now);
    return inner;
  }

  /** Sends through the relay; false when it is not ours. */
  send(now: number, id: AllocationId, remote: Endpoint, bytes: Uint8Array): boolean {
    const attempt = this.#attempts.find(other => other.id === id);
    attempt?.allocation.send(now, remote, bytes);
    this.#collect(now);
    return attempt !== undefined;
  }

  /** The channel number for a peer; bound at once if it is not yet. */
  channel(now: number, id: AllocationId, remote: Endpoint): number | undefined {
    const attempt = this.#attempts.find(other => other.id === id);
    const channel = attempt?.allocation.channel(now, remote)?.channel;
    this.#collect(now);
    return channel;
  }

  /** The peer behind a channel of the relay. */
  remoteOf(channel: number): Endpoint | undefined {
    const id = this.#relay?.allocation;
    return this.#attempts.find(attempt => attempt.id === id)?.allocation.remoteOf(channel);
  }

  tick(now: number): void {
    for (const attempt of this.#attempts) attempt.tick(now);
    this.#collect(now);
    const renewal = this.#renewalAt();
    if (renewal !== undefined && now >= renewal) this.restart(now);
    if (this.#relay === undefined && now >= this.#nextStartAt) this.#startNext(now);
  }

  nextTimeout(): number | undefined {
    let next = this.#relay === undefined ? this.#nextStartAt : Number.POSITIVE_INFINITY;
    next = Math.min(next, this.#renewalAt() ?? Number.POSITIVE_INFINITY);
    for (const attempt of this.#attempts) next = Math.min(next, attempt.nextTimeout());
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  poll(): TurnServerOutput | undefined {
    return this.#outputs.shift();
  }

  /** When the allocation must move to newer credentials that we have; undefined when it need not. */
  #renewalAt(): number | undefined {
    const used = this.#relay?.server;
    if (used?.expiresAt === undefined) return undefined;
    const { username, expiresAt } = used;
    const newer = this.#entries.some(
      entry => entry.username !== username && (entry.expiresAt ?? Infinity) > expiresAt,
    );
    return newer ? expiresAt - RENEW_BEFORE : undefined;
  }

  #restart(now: number): void {
    const last = this.#lastTransport;
    this.#queue = [...this.#entries];
    // What worked last is likely to work again; UDP is only second to it, not lost.
    if (last !== undefined) {
      this.#queue.sort((a, b) => Number(b.transport === last) - Number(a.transport === last));
    }
    this.#redirected = false;
    this.#startNext(now);
  }

  #startNext(now: number): void {
    if (this.#queue.length === 0 && this.#attempts.length === 0) this.#queue = [...this.#entries];
    const slow = this.#attempts.some(({ allocation }) => allocation.answered);
    const server = this.#queue.shift();
    if (server === undefined) {
      this.#nextStartAt = Number.POSITIVE_INFINITY;
      return;
    }
    this.#nextStartAt = now + (slow ? STAGGER_ANSWERED : STAGGER);
    this.#begin(now, server);
    // The same transport of the other address family: both at once, the first answer wins.
    const family = addressFamily(server.endpoint.address);
    const twin = this.#queue.findIndex(
      ({ transport, endpoint }) =>
        transport === server.transport && addressFamily(endpoint.address) !== family,
    );
    const [other] = twin < 0 ? [] : this.#queue.splice(twin, 1);
    if (other !== undefined && this.#relay === undefined) this.#begin(now, other);
  }

  #begin(now: number, server: IceServer): void {
    this.#attempts.push(new TurnAttempt(now, server, this.#naming, this.#random));
    this.#collect(now);
  }

  /** Takes what the allocations have to say. */
  #collect(now: number): void {
    for (const attempt of [...this.#attempts]) {
      for (let output = attempt.poll(); output !== undefined; output = attempt.poll()) {
        if (output.type === 'allocated') {
          this.#won(now, attempt, output.relayed, output.mapped);
        } else if (output.type === 'closed') {
          this.#failed(now, attempt, output.error, output.alternate);
        } else {
          this.#outputs.push(output);
        }
      }
    }
  }

  #won(now: number, winner: TurnAttempt, relayed: Endpoint, mapped: Endpoint): void {
    if (this.#relay !== undefined) {
      this.#remove(winner);
      this.#abandon(now, winner);
      return;
    }
    const { id, server, uplink } = winner;
    this.#relay = { allocation: id, relayed, mapped, uplink, server };
    this.#lastTransport = server.transport;
    this.#retryDelay = RETRY_FIRST;
    this.#settled = true;
    this.#queue = [];
    for (const attempt of [...this.#attempts]) {
      if (attempt === winner) continue;
      this.#remove(attempt);
      this.#abandon(now, attempt);
    }
  }

  #failed(now: number, attempt: TurnAttempt, error: EvioError, alternate?: Endpoint): void {
    this.#remove(attempt);
    this.lastError = error;
    if (attempt.uplink.kind === 'stream') {
      this.#outputs.push({ type: 'closeStream', stream: attempt.uplink.stream });
    }
    const wasInUse = this.#relay?.allocation === attempt.id;
    if (wasInUse) this.#relay = undefined;
    if (alternate !== undefined && !this.#redirected) {
      this.#redirected = true; // RFC 8489 §10: no loops
      this.#begin(now, { ...attempt.server, endpoint: alternate });
    } else if (wasInUse) {
      this.#restart(now);
    } else if (this.#relay === undefined && this.#queue.length > 0) {
      this.#startNext(now);
    } else if (this.#relay === undefined && this.#attempts.length === 0) {
      this.#settled = true;
      this.#nextStartAt = now + this.#retryDelay;
      this.#retryDelay = Math.min(this.#retryDelay * 2, RETRY_CAP);
    }
  }

  #remove(attempt: TurnAttempt): void {
    this.#attempts = this.#attempts.filter(other => other !== attempt);
  }

  /** Ends an attempt that is not needed (any more). */
  #abandon(now: number, attempt: TurnAttempt): void {
    attempt.abandon(now);
    for (let output = attempt.poll(); output !== undefined; output = attempt.poll()) {
      // What it would tell of itself is of no interest now.
      if (output.type !== 'allocated' && output.type !== 'closed') this.#outputs.push(output);
    }
  }
}
