import type { IceAgent } from '@evio/traversal';
import type { Contact } from './contact.ts';

/** One exchange of candidates with its ICE agent. */
export interface Exchange {
  /** Jingle session id. */
  readonly session: string;
  readonly contact: Contact;
  readonly ice: IceAgent;
  /** Takes the agent off the sockets. */
  readonly detach: () => void;
}

/**
 * The exchanges of a link: at most one in use, from which the path comes, and one on trial. One that is
 * replaced or given up is detached.
 */
export class Exchanges<E extends Pick<Exchange, 'session' | 'detach'> = Exchange> {
  #inUse: E | undefined;
  #onTrial: E | undefined;

  get inUse(): E | undefined {
    return this.#inUse;
  }

  /** Those that there are, the one in use first. */
  all(): E[] {
    return [this.#inUse, this.#onTrial].filter(exchange => exchange !== undefined);
  }

  /** The exchange of a session. */
  of(session: string): E | undefined {
    return this.all().find(exchange => exchange.session === session);
  }

  /** Begins the trial of one, in the place of another. */
  try(exchange: E): void {
    this.endTrial();
    this.#onTrial = exchange;
  }

  endTrial(): void {
    this.#onTrial?.detach();
    this.#onTrial = undefined;
  }

  /** It works: from now on it is in use. Returns whether it was not before. */
  use(exchange: E): boolean {
    if (exchange === this.#inUse) return false;
    this.#inUse?.detach();
    this.#inUse = exchange;
    if (this.#onTrial === exchange) this.#onTrial = undefined;
    return true;
  }

  /** It came to nothing. Returns whether it was in use. */
  drop(exchange: E): boolean {
    exchange.detach();
    const wasInUse = exchange === this.#inUse;
    if (wasInUse) this.#inUse = undefined;
    if (this.#onTrial === exchange) this.#onTrial = undefined;
    return wasInUse;
  }

  clear(): void {
    for (const exchange of this.all()) this.drop(exchange);
  }
}
