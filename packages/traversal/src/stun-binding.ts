import { type Endpoint, sameEndpoint } from '@evio/types';
import { encodeStun, newTransactionId, STUN_METHOD, type StunMessage } from './stun-message.ts';
import { type Retransmission, StunTransaction } from './stun-transaction.ts';

/** A NAT must keep a UDP mapping for 120 s (RFC 4787 REQ-5); many keep 30. */
export const KEEPALIVE_INTERVAL = 15_000;
const RETRANSMISSION: Retransmission = { rto: 100, cap: 800, timeout: 3000 };

/**
 * What one STUN server says our address is, as seen from one base: asked once, then again every
 * {@link KEEPALIVE_INTERVAL}, which also keeps the NAT's mapping open (RFC 8445 §5.1.1.4).
 */
export class StunBinding {
  /** The local address and port asked from. */
  readonly local: Endpoint;
  readonly server: Endpoint;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #outbox: Uint8Array[] = [];
  #transaction: StunTransaction | undefined;
  #nextAt: number;
  #mapped: Endpoint | undefined;
  #settled = false;
  /** A second server address for NAT behaviour discovery (RFC 5780 §7.4), when it has one. */
  #other: Endpoint | undefined;

  constructor(
    now: number,
    local: Endpoint,
    server: Endpoint,
    random: (bytes: number) => Uint8Array,
  ) {
    this.local = local;
    this.server = server;
    this.#random = random;
    this.#nextAt = now;
  }

  /** Our address as the server sees it; undefined while it is not known. */
  get mapped(): Endpoint | undefined {
    return this.#mapped;
  }

  get other(): Endpoint | undefined {
    return this.#other;
  }

  /** Whether the first question was answered or given up. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The mapping may have changed: ask now. */
  verify(now: number): void {
    if (this.#transaction === undefined) this.#nextAt = now;
  }

  awaits(transactionId: string): boolean {
    return this.#transaction?.id === transactionId;
  }

  /** An answer from `from`; returns whether the mapped address is another than before. */
  receive(now: number, message: StunMessage, from: Endpoint): boolean {
    if (!this.awaits(message.transactionId) || !sameEndpoint(from, this.server)) return false;
    if (message.method !== STUN_METHOD.binding || message.class === 'request') return false;
    this.#transaction = undefined;
    this.#settled = true;
    this.#nextAt = now + KEEPALIVE_INTERVAL * (0.9 + 0.2 * this.#fraction());
    const mapped = message.get('XOR-MAPPED-ADDRESS');
    if (message.class !== 'success' || mapped === undefined || mapped.port === 0) return false;
    this.#other = message.get('OTHER-ADDRESS') ?? this.#other;
    const changed = this.#mapped === undefined || !sameEndpoint(this.#mapped, mapped);
    this.#mapped = mapped;
    return changed;
  }

  /** Returns whether the mapped address was given up. */
  tick(now: number): boolean {
    const step = this.#transaction?.tick(now);
    if (step === 'send' && this.#transaction) this.#outbox.push(this.#transaction.bytes);
    if (step === 'expired') {
      this.#transaction = undefined;
      this.#settled = true;
      this.#nextAt = now + KEEPALIVE_INTERVAL;
      const had = this.#mapped !== undefined;
      this.#mapped = undefined;
      return had;
    }
    if (this.#transaction === undefined && now >= this.#nextAt) {
      const transactionId = newTransactionId(this.#random);
      const bytes = encodeStun({ method: STUN_METHOD.binding, class: 'request', transactionId });
      this.#transaction = new StunTransaction(now, transactionId, bytes, RETRANSMISSION);
      this.#outbox.push(bytes);
    }
    return false;
  }

  nextTimeout(): number {
    return this.#transaction?.nextTimeout ?? this.#nextAt;
  }

  /** Bytes to send from {@link local} to {@link server}. */
  poll(): Uint8Array | undefined {
    return this.#outbox.shift();
  }

  #fraction(): number {
    return Buffer.from(this.#random(2)).readUInt16BE() / 65536;
  }
}
