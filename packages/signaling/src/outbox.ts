import { EvioError } from '@evio/types';
import { BoundedQueue } from './bounded-queue.ts';
import { PendingRequests, type Request } from './iq.ts';
import type { Fate } from './stream-management.ts';

export interface OutboxTimes {
  /** How long a request may wait for a connection, in milliseconds. */
  readonly queueMs: number;
  /** How long an answer may take once the request is written, in milliseconds. */
  readonly answerMs: number;
}

/** Requests in wait for a connection, and requests on the way that we still accept new ones for. */
const MAX_QUEUED = 256;
export const OUTBOX: OutboxTimes = { queueMs: 60_000, answerMs: 10_000 };

/**
 * The fate of every request until it is answered. Each is delivered at most once:
 *
 *   1. {@link enqueue} while offline or online; {@link next} when the stream takes one.
 *   2. {@link answered} ends it, or {@link expire}.
 *   3. {@link suspended}: the connection is gone, those written wait for its resumption.
 *   4. {@link resumed}: stream management writes again what the server missed. Or {@link renewed}:
 *      what the server surely missed is queued again, what it surely took still waits for its
 *      answer, and what nobody knows fails as `SIGNALING_LOST`, for the caller to decide.
 */
export class Outbox {
  readonly #times: OutboxTimes;
  readonly #queue = new BoundedQueue<Request>(MAX_QUEUED);
  readonly #pending = new PendingRequests();

  constructor(times: OutboxTimes = OUTBOX) {
    this.#times = times;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Takes a request for a peer; rejects it at once when the queue is full. */
  enqueue(now: number, request: Request): boolean {
    if (this.#queue.push(request, now + this.#times.queueMs)) return true;
    request.reject(
      new EvioError('SIGNALING_QUEUE_FULL', `${MAX_QUEUED} messages wait for the XMPP server`),
    );
    return false;
  }

  /**
   * The next request to write; from here it waits for its answer.
   *
   * @param mayGo whether this full JID can be written to now
   */
  next(now: number, mayGo: (to: string) => boolean = () => true): Request | undefined {
    const request = this.#queue.take(({ to }) => to === undefined || mayGo(to));
    if (request !== undefined) this.written(now, request);
    return request;
  }

  /** A request that does not queue, for our own server. */
  written(now: number, request: Request): void {
    this.#pending.add(request, now + this.#times.answerMs);
  }

  /** The request that an answer belongs to. */
  answered(id: string, from: string | undefined): Request | undefined {
    return this.#pending.settle(id, from);
  }

  suspended(now: number, error: EvioError): void {
    for (const request of this.#pending.takeServerRequests()) request.reject(error);
    this.#pending.postpone(now + this.#times.queueMs);
  }

  resumed(now: number): void {
    this.#pending.postpone(now + this.#times.answerMs);
  }

  /** @param fate undefined when the server did not do stream management: nothing is known */
  renewed(now: number, fate: Fate | undefined): void {
    const unknown =
      fate === undefined
        ? this.#pending.drain()
        : fate.unknown.map(({ request = '' }) => this.#pending.take(request));
    for (const request of unknown) {
      request?.reject(
        new EvioError('SIGNALING_LOST', 'the connection broke; the message may have arrived'),
      );
    }
    const again = (fate?.unsent ?? []).map(({ request = '' }) => this.#pending.take(request));
    const later = this.#queue.drain();
    for (const request of [...again, ...later]) {
      if (request !== undefined) this.enqueue(now, request);
    }
    this.#pending.postpone(now + this.#times.answerMs);
  }

  /** Rejects what has waited too long; returns how many those were. */
  expire(now: number): number {
    const unsent = this.#queue.expire(now);
    for (const { reject } of unsent) {
      reject(
        new EvioError(
          'SIGNALING_OFFLINE',
          `no XMPP connection within ${this.#times.queueMs / 1000} s`,
        ),
      );
    }
    const unanswered = this.#pending.expire(now);
    for (const { reject, to } of unanswered) {
      reject(new EvioError('SIGNALING_TIMEOUT', `no answer from ${to ?? 'the XMPP server'}`));
    }
    return unsent.length + unanswered.length;
  }

  /** Rejects everything: the client stops. */
  close(error: EvioError): void {
    for (const { reject } of [...this.#queue.drain(), ...this.#pending.drain()]) reject(error);
  }

  nextTimeout(): number | undefined {
    const times = [this.#queue.nextTimeout(), this.#pending.nextTimeout()];
    const known = times.filter(time => time !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }
}
