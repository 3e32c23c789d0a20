import { EvioError } from '@evio/types';
import type { Element } from '@xmpp/xml';

/** An IQ request that somebody waits for. */
export interface Request {
  /** Unpredictable: whoever cannot read our stream cannot answer in another's name. */
  readonly id: string;
  /** Full JID of a peer, or undefined for our own server. */
  readonly to: string | undefined;
  /** The stanza as it is written. */
  readonly text: string;
  readonly resolve: (answer: Element) => void;
  readonly reject: (error: EvioError) => void;
}

/** The requests that are written and not yet answered, each with its deadline. */
export class PendingRequests {
  readonly #pending = new Map<string, { readonly request: Request; deadline: number }>();

  get size(): number {
    return this.#pending.size;
  }

  add(request: Request, deadline: number): void {
    this.#pending.set(request.id, { request, deadline });
  }

  has(id: string): boolean {
    return this.#pending.has(id);
  }

  /**
   * The request that an answer belongs to, taken out. An answer counts only from the one who was
   * asked (RFC 6120 §8.1.2.1, §8.2.3); `from` is undefined for our own server and account.
   */
  settle(id: string, from: string | undefined): Request | undefined {
    const entry = this.#pending.get(id);
    if (entry === undefined || entry.request.to !== from) return undefined;
    this.#pending.delete(id);
    return entry.request;
  }

  take(id: string): Request | undefined {
    const entry = this.#pending.get(id);
    this.#pending.delete(id);
    return entry?.request;
  }

  /** The connection broke or is back: everything that waits gets this deadline. */
  postpone(deadline: number): void {
    for (const entry of this.#pending.values()) entry.deadline = deadline;
  }

  /** The requests whose deadline has passed, taken out. */
  expire(now: number): Request[] {
    return this.#remove(({ deadline }) => deadline <= now);
  }

  /** Requests to our own server, taken out: they belong to one stream. */
  takeServerRequests(): Request[] {
    return this.#remove(({ request }) => request.to === undefined);
  }

  /** All, taken out. */
  drain(): Request[] {
    return this.#remove(() => true);
  }

  nextTimeout(): number | undefined {
    let first: number | undefined;
    for (const { deadline } of this.#pending.values()) {
      if (first === undefined || deadline < first) first = deadline;
    }
    return first;
  }

  #remove(which: (entry: { request: Request; deadline: number }) => boolean): Request[] {
    const removed = [...this.#pending.values()].filter(which).map(({ request }) => request);
    for (const { id } of removed) this.#pending.delete(id);
    return removed;
  }
}

/** The error of an `<iq type='error'/>` (RFC 6120 §8.3): `SIGNALING_REFUSED` with its condition. */
export function stanzaError(answer: Element, who: string): EvioError {
  const error = answer.getChild('error');
  const condition = error?.getChildElements().find(({ name }) => name !== 'text')?.name;
  const text = error?.getChild('text')?.getText().slice(0, 200);
  return new EvioError(
    'SIGNALING_REFUSED',
    `${who} answered ${condition ?? 'with an error'}${text ? `: ${text}` : ''}`,
  );
}
