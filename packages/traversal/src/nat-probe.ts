import { type Endpoint, sameEndpoint } from '@evio/types';
import { canonicalEndpoint } from './address.ts';
import { encodeStun, newTransactionId, parseStun, STUN_METHOD } from './stun-message.ts';
import { type Retransmission, StunTransaction } from './stun-transaction.ts';

/** RFC 4787 §4.1 and §5. */
export type NatBehaviour =
  | 'none'
  | 'endpoint-independent'
  | 'address-dependent'
  | 'address-and-port-dependent';

export type NatProbeResult =
  | { readonly kind: 'behaviour'; readonly mapping: NatBehaviour; readonly filtering: NatBehaviour }
  /** The server gives no OTHER-ADDRESS; compare servers with `natKind` instead. */
  | { readonly kind: 'unsupported'; readonly mapped: Endpoint }
  /** UDP is blocked, or the server is down. */
  | { readonly kind: 'silent' };

const RETRANSMISSION: Retransmission = { rto: 150, cap: 600, timeout: 2000 };
/** RFC 5780 §7.2. */
const CHANGE_IP_AND_PORT = 0x6;
const CHANGE_PORT = 0x2;

type Step = 'first' | 'other-address' | 'other-port' | 'change-both' | 'change-port' | 'done';

/**
 * NAT behaviour discovery (RFC 5780 §4.3, §4.4) against one server that has two addresses. Must run
 * on a socket that has not talked to the server's other addresses before, or filtering looks
 * laxer than it is. Limit: a NAT that maps by address and does not filter may look as if it mapped
 * by address and port, because the filtering test has opened one of the ways that the mapping test
 * takes. Sans-IO, for `evio doctor`.
 */
export class NatProbe {
  readonly #local: Endpoint;
  readonly #server: Endpoint;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #outbox: { bytes: Uint8Array; remote: Endpoint }[] = [];
  #step: Step = 'first';
  #transaction: StunTransaction | undefined;
  #target: Endpoint;
  #other: Endpoint | undefined;
  #mapped: Endpoint[] = [];
  #filtering: NatBehaviour = 'none';
  #result: NatProbeResult | undefined;

  constructor(
    now: number,
    local: Endpoint,
    server: Endpoint,
    random: (bytes: number) => Uint8Array,
  ) {
    this.#local = canonicalEndpoint(local);
    this.#server = canonicalEndpoint(server);
    this.#random = random;
    this.#target = this.#server;
    this.#ask(now, 'first', this.#server);
  }

  /** Undefined while it is not known. */
  get result(): NatProbeResult | undefined {
    return this.#result;
  }

  receive(now: number, bytes: Uint8Array, remote: Endpoint): void {
    const message = parseStun(bytes);
    if (message === undefined || message.transactionId !== this.#transaction?.id) return;
    const mapped = message.class === 'success' ? message.get('XOR-MAPPED-ADDRESS') : undefined;
    const fromTarget = sameEndpoint(canonicalEndpoint(remote), this.#target);
    switch (this.#step) {
      case 'first': {
        if (mapped === undefined) return;
        this.#mapped = [mapped];
        this.#other = message.get('OTHER-ADDRESS');
        if (this.#other === undefined) this.#finish({ kind: 'unsupported', mapped });
        // Filtering first: the mapping tests open the way from the server's other address.
        else this.#ask(now, 'change-both', this.#server, CHANGE_IP_AND_PORT);
        return;
      }
      case 'change-both':
        if (message.class !== 'success' || fromTarget) return;
        this.#filtering = 'endpoint-independent';
        this.#askMapping(now);
        return;
      case 'change-port':
        if (message.class !== 'success' || fromTarget) return;
        this.#filtering = 'address-dependent';
        this.#askMapping(now);
        return;
      case 'other-address':
        if (mapped === undefined || this.#other === undefined) return;
        this.#mapped.push(mapped);
        this.#ask(now, 'other-port', this.#other);
        return;
      case 'other-port':
        if (mapped === undefined) return;
        this.#mapped.push(mapped);
        this.#conclude();
        return;
      case 'done':
        return;
      default:
        this.#step satisfies never;
    }
  }

  tick(now: number): void {
    const step = this.#transaction?.tick(now);
    if (step === 'send' && this.#transaction) {
      this.#outbox.push({ bytes: this.#transaction.bytes, remote: this.#target });
    }
    if (step !== 'expired') return;
    if (this.#step === 'change-both') this.#ask(now, 'change-port', this.#server, CHANGE_PORT);
    else if (this.#step === 'change-port') {
      this.#filtering = 'address-and-port-dependent';
      this.#askMapping(now);
    } else if (this.#step === 'first') this.#finish({ kind: 'silent' });
    else this.#conclude(); // with what is known
  }

  nextTimeout(): number | undefined {
    return this.#transaction?.nextTimeout;
  }

  /** The next datagram to send from the local address. */
  poll(): { bytes: Uint8Array; remote: Endpoint } | undefined {
    return this.#outbox.shift();
  }

  #askMapping(now: number): void {
    if (this.#other === undefined) return;
    this.#ask(now, 'other-address', { address: this.#other.address, port: this.#server.port });
  }

  #ask(now: number, step: Step, remote: Endpoint, change?: number): void {
    const transactionId = newTransactionId(this.#random);
    const bytes = encodeStun({
      method: STUN_METHOD.binding,
      class: 'request',
      transactionId,
      attributes: change === undefined ? {} : { 'CHANGE-REQUEST': change },
    });
    this.#step = step;
    this.#target = remote;
    this.#transaction = new StunTransaction(now, transactionId, bytes, RETRANSMISSION);
    this.#outbox.push({ bytes, remote });
  }

  #conclude(): void {
    const [first, second, third] = this.#mapped;
    if (first === undefined) return;
    const same = (a: Endpoint | undefined, b: Endpoint | undefined) =>
      a !== undefined && b !== undefined && sameEndpoint(a, b);
    let mapping: NatBehaviour = 'address-and-port-dependent';
    if (same(first, this.#local)) mapping = 'none';
    else if (same(first, second)) mapping = 'endpoint-independent';
    else if (same(second, third)) mapping = 'address-dependent';
    this.#finish({ kind: 'behaviour', mapping, filtering: this.#filtering });
  }

  #finish(result: NatProbeResult): void {
    this.#result = result;
    this.#step = 'done';
    this.#transaction = undefined;
  }
}
