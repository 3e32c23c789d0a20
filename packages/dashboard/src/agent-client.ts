import type { PeerDetail, Trace } from '@evio/agent/control';
import type { Snapshot } from '@evio/agent/snapshot';
import { EventParser } from './event-parser.ts';

const RETRY_MS = 1_000;

/** How the page stands with its agent. */
export type Contact = 'connecting' | 'live' | 'lost' | 'refused';

/** The agent's API, with the token. */
export class AgentClient {
  readonly #headers: Record<string, string>;

  constructor(token: string) {
    this.#headers = { authorization: `Bearer ${token}` };
  }

  /** Follows the feed until `signal` is aborted, and comes back to it whenever it breaks off. */
  async follow(
    onSnapshot: (snapshot: Snapshot) => void,
    onContact: (contact: Contact) => void,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      try {
        const response = await fetch('/api/events', { headers: this.#headers, signal });
        if (response.status === 401) return onContact('refused');
        if (response.ok && response.body !== null) {
          onContact('live');
          await readEvents(response.body, text => onSnapshot(JSON.parse(text) as Snapshot));
        }
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // fetch()'s word for a broken connection
      }
      if (signal.aborted) return;
      onContact('lost');
      await new Promise(resolve => setTimeout(resolve, RETRY_MS));
    }
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
    const answer = (await response.json()) as Answer | { error: { message: string } };
    if ('error' in answer) throw new Error(answer.error.message);
    return answer;
  }
}

async function readEvents(
  body: ReadableStream<Uint8Array>,
  onEvent: (data: string) => void,
): Promise<void> {
  const parser = new EventParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    for (const data of parser.push(decoder.decode(piece.value, { stream: true }))) onEvent(data);
  }
}
