import { EvioError } from '@evio/types';

/** Counters wrap at 2³² (XEP-0198 §4). */
const MODULUS = 2 ** 32;

/** A stanza as it was written to the stream. */
export interface SentStanza {
  readonly text: string;
  /** The id of an IQ request; absent when nobody waits for the fate of the stanza. */
  readonly request?: string;
}

/** What became of the stanzas that were unacknowledged when a session could not be resumed. */
export interface Fate {
  /** The server did not take them: they may be sent again. */
  readonly unsent: readonly SentStanza[];
  /** Nobody knows: sending them again could deliver them twice. */
  readonly unknown: readonly SentStanza[];
}

/**
 * The counters of stream management (XEP-0198). One object lives as long as the client and survives
 * its connections:
 *
 *   1. {@link enable} when `<enable/>` is sent, {@link enabled} when the server agrees.
 *   2. {@link sent} before each stanza is written, {@link handled} for each one that came, also
 *      those that were skipped; {@link acknowledged} at each `<a/>`.
 *   3. The connection breaks. On the next one `<resume h previd/>` with {@link inbound} and
 *      {@link id}; then {@link resumed} says what to write again, or {@link failed} what became of
 *      the rest.
 */
export class StreamManagement {
  #id: string | undefined;
  #active = false;
  #inbound = 0;
  /** Number of our stanzas that the server has acknowledged, modulo 2³². */
  #acknowledged = 0;
  #unacknowledged: SentStanza[] = [];

  /** What `<resume previd/>` takes; undefined when the session cannot be resumed. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Stanzas that we have handled, for `h`. */
  get inbound(): number {
    return this.#inbound;
  }

  get unacknowledged(): number {
    return this.#unacknowledged.length;
  }

  /** Whether stanzas are counted on the present connection. */
  get active(): boolean {
    return this.#active;
  }

  /** `<enable/>` is being sent: our stanzas count from here. */
  enable(): void {
    this.#acknowledged = 0;
    this.#unacknowledged = [];
    this.#active = true;
  }

  /** `<enabled/>` came: the server's stanzas count from here. `id` only when it can be resumed. */
  enabled(id: string | undefined): void {
    this.#inbound = 0;
    this.#id = id;
  }

  /** The server does not do stream management. */
  refused(): void {
    this.#active = false;
    this.#id = undefined;
    this.#unacknowledged = [];
  }

  sent(stanza: SentStanza): void {
    if (this.#active) this.#unacknowledged.push(stanza);
  }

  handled(): void {
    if (this.#active) this.#inbound = (this.#inbound + 1) % MODULUS;
  }

  /**
   * The server has handled our first `h` stanzas.
   *
   * @throws EvioError `XMPP_PROTOCOL` when we have not sent as many
   */
  acknowledged(h: number): void {
    const count = (h - this.#acknowledged + MODULUS) % MODULUS;
    if (!Number.isInteger(h) || h < 0 || h >= MODULUS || count > this.#unacknowledged.length) {
      throw new EvioError(
        'XMPP_PROTOCOL',
        `the server acknowledged ${count} stanzas, but ${this.#unacknowledged.length} are on the way`,
      );
    }
    this.#unacknowledged.splice(0, count);
    this.#acknowledged = h;
  }

  /** `<resumed h/>` came; the result is to be written again, in order. */
  resumed(h: number): readonly SentStanza[] {
    this.acknowledged(h);
    this.#active = true;
    return [...this.#unacknowledged];
  }

  /** The connection is gone; counting goes on when it is resumed. */
  suspend(): void {
    this.#active = false;
  }

  /** The session is lost. `h` if the server said how many stanzas it has handled. */
  failed(h: number | undefined): Fate {
    let unsent: SentStanza[] = [];
    let unknown: SentStanza[] = [];
    try {
      if (h === undefined) {
        unknown = this.#unacknowledged;
      } else {
        this.acknowledged(h);
        unsent = this.#unacknowledged;
      }
    } catch (error) {
      if (!(error instanceof EvioError)) throw error;
      unknown = this.#unacknowledged;
    }
    this.#active = false;
    this.#id = undefined;
    this.#unacknowledged = [];
    return { unsent, unknown };
  }
}

/** Reads the `h` of an acknowledgement; undefined when there is none or it is not a number. */
export function readCounter(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
