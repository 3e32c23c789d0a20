import type { PeerDetail, Trace } from '@evio/agent/control';
import type { Snapshot } from '@evio/agent/snapshot';
import { EventParser } from './event-parser.ts';

const RETRY_MS = 1_000;
/**
 * The agent says something each 5 s, if only a comment. An agent that hangs, or the end of a tunnel that
 * is gone, keeps its connection open and says nothing.
 */
const SILENCE_MS = 12_000;

/** How the page stands with its agent; full: other pages have all the places of readers. */
export type Contact = 'connecting' | 'live' | 'lost' | 'full' | 'refused';

/** The agent's API, with the token. */
export class AgentClient {
  readonly #headers: Record<string, string>;

  constructor(token: string) {
    this.#headers = { authorization: `Bearer ${token}` };
  }

  /**
   * Follows the feed until `signal` is aborted or the agent refuses the token, and comes back to it
   * whenever it breaks off or falls silent.
   */
  async follow(
    onSnapshot: (snapshot: Snapshot) => void,
    onContact: (contact: Contact) => void,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const contact = await this.#readFeed(onSnapshot, () => onContact('live'), signal);
      if (signal.aborted) return;
      onContact(contact);
      if (contact === 'refused') return;
      await new Promise(resolve => setTimeout(resolve, RETRY_MS));
    }
  }

  /** Returns why there is no more to read. */
  async #readFeed(
    onSnapshot: (snapshot: Snapshot) => void,
    onLive: () => void,
    signal: AbortSignal,
  ): Promise<'lost' | 'full' | 'refused'> {
    const silence = new AbortController();
    const giveUp = () => silence.abort();
    let timer = setTimeout(giveUp, SILENCE_MS);
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, SILENCE_MS);
    };
    const ended = AbortSignal.any([signal, silence.signal]);
    try {
      const response = await fetch('/api/events', { headers: this.#headers, signal: ended });
      heard();
      if (response.status === 401) return 'refused';
      if (response.status === 503) return 'full';
      if (!response.ok || response.body === null) return 'lost';
      onLive();
      const take = (text: string) => onSnapshot(JSON.parse(text) as Snapshot);
      await readEvents(response.body, ended, heard, take);
    } catch (error) {
      // A TypeError is fetch()'s word for a broken connection.
      if (!ended.aborted && !(error instanceof TypeError)) throw error;
    } finally {
      clearTimeout(timer);
    }
    return 'lost';
  }

  /** @throws Error with the agent's own words. */
  trace(overlay: string, node: string): Promise<Trace> {
    return this.#ask('trace', { overlay, node });
  }

  /** @throws Error with the agent's own words. */
  examine(overlay: string, node: string): Promise<PeerDetail> {
    return this.#ask('examine', { overlay, node });
  }

  async #ask<Answer extends object>(what: string, question: object): Promise<Answer> {
    const body = JSON.stringify(question);
    const response = await fetch(`/api/${what}`, { method: 'POST', headers: this.#headers, body });
    if (response.status === 401) throw new Error('the token does not hold any more');
    const answer = (await response.json()) as Answer | { error: { message: string } };
    if ('error' in answer) throw new Error(answer.error.message);
    return answer;
  }
}

/** Hands on the data of each event, until the stream ends, breaks or is given up by `signal`. */
function readEvents(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  onPiece: () => void,
  onEvent: (data: string) => void,
): Promise<void> {
  const parser = new EventParser();
  const decoder = new TextDecoder();
  const sink = new WritableStream<Uint8Array>({
    write(piece) {
      onPiece();
      for (const data of parser.push(decoder.decode(piece, { stream: true }))) onEvent(data);
    },
  });
  return body.pipeTo(sink, { signal });
}
