/** The contexts that came and went beside a handshake in stanzas. */
export interface Contexts {
  /** Bound by the prologue: the initiator's ICE credentials. */
  readonly context: Uint8Array | undefined;
  /** Bound by message 2: the responder's ICE credentials. */
  readonly replyContext: Uint8Array | undefined;
}

/**
 * The last initiation that was answered. Its copies, which the network or a retry made, get the same
 * answer again: no second session comes of them and no Diffie-Hellman is spent.
 */
export class AnsweredInitiation {
  /** Of the session that came of it. */
  readonly localIndex: number;
  readonly response: Uint8Array;
  readonly #initiation: Uint8Array;
  readonly #contexts: Contexts;

  constructor(
    initiation: Uint8Array,
    contexts: Contexts,
    response: Uint8Array,
    localIndex: number,
  ) {
    this.#initiation = initiation.slice();
    this.#contexts = contexts;
    this.response = response;
    this.localIndex = localIndex;
  }

  /** Whether this is a copy, with the same contexts beside it. */
  isCopy(initiation: Uint8Array, { context, replyContext }: Contexts): boolean {
    return (
      same(this.#initiation, initiation) &&
      same(this.#contexts.context, context) &&
      same(this.#contexts.replyContext, replyContext)
    );
  }
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}
