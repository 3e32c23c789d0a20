import { createHash } from 'node:crypto';
import {
  encodeStun,
  newTransactionId,
  STUN_METHOD,
  type StunAttributes,
  type StunMessage,
  type StunMethod,
} from './stun-message.ts';
import { type Retransmission, StunTransaction } from './stun-transaction.ts';

/** Long-term credentials (RFC 8489 §9.2). */
export interface TurnCredentials {
  readonly username: string;
  readonly password: string;
}

/** A request under way, with what is needed to ask again under another nonce. */
export interface TurnRequest {
  readonly transaction: StunTransaction;
  readonly method: StunMethod;
  readonly attributes: Partial<StunAttributes>;
  readonly retransmission: Retransmission;
  /** The caller's name for what it asked. */
  readonly purpose: string;
  /** How often it was asked again because of 401 or 438. */
  readonly renewals: number;
  readonly key: Uint8Array | undefined;
}

/** What an answer means to the one who asked. */
export type TurnAnswer =
  | { readonly kind: 'success'; readonly request: TurnRequest; readonly message: StunMessage }
  | {
      readonly kind: 'error';
      readonly request: TurnRequest;
      readonly code: number;
      readonly reason: string;
      readonly message: StunMessage;
    }
  | { readonly kind: 'again'; readonly bytes: Uint8Array };

/** A server that changes its nonce with each answer must not keep us busy for ever. */
const MAX_RENEWALS = 3;
/** RFC 8489 §9.2.5: errors that a server may send without MESSAGE-INTEGRITY. */
const UNSIGNED_ERRORS = new Set([400, 401, 438]);
/** coturn looks at the 5-tuple before it looks at the credentials. */
const UNSIGNED_ALLOCATE_ERRORS = new Set([...UNSIGNED_ERRORS, 437]);

/**
 * Requests to one TURN server under the long-term credential mechanism (RFC 8489 §9.2): answers a
 * 401 with credentials and a 438 with the new nonce, checks the integrity of what comes back.
 */
export class TurnRequests {
  readonly #random: (bytes: number) => Uint8Array;
  readonly #credentials: TurnCredentials;
  readonly #open = new Map<string, TurnRequest>();
  #realm: string | undefined;
  #nonce: Uint8Array | undefined;
  #key: Uint8Array | undefined;

  constructor(random: (bytes: number) => Uint8Array, credentials: TurnCredentials) {
    this.#random = random;
    this.#credentials = credentials;
  }

  get open(): Iterable<TurnRequest> {
    return this.#open.values();
  }

  has(transactionId: string): boolean {
    return this.#open.has(transactionId);
  }

  isAsking(purpose: string): boolean {
    for (const request of this.#open.values()) if (request.purpose === purpose) return true;
    return false;
  }

  /** Makes a request; returns the bytes to send now. */
  ask(
    now: number,
    fields: Pick<TurnRequest, 'method' | 'attributes' | 'retransmission' | 'purpose'>,
    renewals = 0,
  ): Uint8Array {
    const id = newTransactionId(this.#random);
    const key = this.#key;
    const credentials: Partial<StunAttributes> =
      key !== undefined && this.#realm !== undefined && this.#nonce !== undefined
        ? { USERNAME: this.#credentials.username, REALM: this.#realm, NONCE: this.#nonce }
        : {};
    const bytes = encodeStun({
      method: fields.method,
      class: 'request',
      transactionId: id,
      attributes: { ...fields.attributes, ...credentials },
      ...(key === undefined ? {} : { key }),
    });
    const transaction = new StunTransaction(now, id, bytes, fields.retransmission);
    this.#open.set(id, { ...fields, transaction, renewals, key });
    return bytes;
  }

  /** An answer came. Undefined when it is not for us, or not authentic. */
  receive(now: number, message: StunMessage): TurnAnswer | undefined {
    const request = this.#open.get(message.transactionId);
    if (request === undefined || request.method !== message.method) return undefined;
    if (message.class !== 'success' && message.class !== 'error') return undefined;
    const error = message.class === 'error' ? message.get('ERROR-CODE') : undefined;
    if (message.class === 'error' && error === undefined) return undefined;
    if (request.key !== undefined && !message.verifies(request.key)) {
      // An error under a password that we do not share cannot be signed with ours.
      const allowed =
        request.method === STUN_METHOD.allocate ? UNSIGNED_ALLOCATE_ERRORS : UNSIGNED_ERRORS;
      if (error === undefined || !allowed.has(error.code) || message.hasIntegrity) return undefined;
    }
    this.#open.delete(message.transactionId);
    if (error === undefined) return { kind: 'success', request, message };
    if (this.#renew(request, error.code, message)) {
      return { kind: 'again', bytes: this.ask(now, request, request.renewals + 1) };
    }
    return { kind: 'error', request, ...error, message };
  }

  /** Drops a request. */
  close(request: TurnRequest): void {
    this.#open.delete(request.transaction.id);
  }

  /** Takes realm and nonce from a challenge; false when asking again would be of no use. */
  #renew(request: TurnRequest, code: number, message: StunMessage): boolean {
    if (request.renewals >= MAX_RENEWALS || (code !== 401 && code !== 438)) return false;
    if (code === 401 && request.key !== undefined) return false; // our credentials are wrong
    const nonce = message.get('NONCE');
    const realm = message.get('REALM') ?? this.#realm;
    if (nonce === undefined || realm === undefined) return false;
    this.#nonce = nonce;
    if (realm !== this.#realm || this.#key === undefined) {
      this.#realm = realm;
      const { username, password } = this.#credentials;
      // RFC 8489 §9.2.2
      this.#key = createHash('md5').update(`${username}:${realm}:${password}`).digest();
    }
    return true;
  }
}
