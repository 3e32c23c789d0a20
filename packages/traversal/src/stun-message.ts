import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Endpoint } from '@evio/types';
import { Message, parseMessage } from 'werift-ice/lib/ice-server/src/stun/message.js';
import { canonicalEndpoint } from './address.ts';

// STUN messages (RFC 8489) on werift's codec of attribute values, behind a guard of our own. The
// guard is needed because the codec, given bytes from anybody (0.2.3):
// - takes attributes that stand after MESSAGE-INTEGRITY, and lets the last of two win: a man in the
//   middle appends a second XOR-MAPPED-ADDRESS to an authenticated message and is believed;
// - needs 0.4 s for one unauthenticated 60 KB address attribute (quadratic copying);
// - writes IPv6 addresses in another spelling than the rest of the system.

/** STUN methods (RFC 8489 §18.2, RFC 8656 §17). */
export const STUN_METHOD = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  send: 0x006,
  data: 0x007,
  createPermission: 0x008,
  channelBind: 0x009,
} as const;
export type StunMethod = (typeof STUN_METHOD)[keyof typeof STUN_METHOD];

const CLASS_BITS = { request: 0x000, indication: 0x010, success: 0x100, error: 0x110 } as const;
export type StunClass = keyof typeof CLASS_BITS;

/** Attribute names and value types; each is read and written by {@link StunMessage}. */
export interface StunAttributes {
  USERNAME: string;
  REALM: string;
  NONCE: Uint8Array;
  SOFTWARE: string;
  PRIORITY: number;
  'USE-CANDIDATE': true;
  'ICE-CONTROLLING': bigint;
  'ICE-CONTROLLED': bigint;
  'ERROR-CODE': { readonly code: number; readonly reason: string };
  'UNKNOWN-ATTRIBUTES': readonly number[];
  'XOR-MAPPED-ADDRESS': Endpoint;
  'XOR-RELAYED-ADDRESS': Endpoint;
  'XOR-PEER-ADDRESS': Endpoint;
  'ALTERNATE-SERVER': Endpoint;
  'OTHER-ADDRESS': Endpoint;
  /** RFC 5780 §7.2: 0x4 change IP, 0x2 change port. */
  'CHANGE-REQUEST': number;
  LIFETIME: number;
  'CHANNEL-NUMBER': number;
  /** IANA protocol number: 17 is UDP. */
  'REQUESTED-TRANSPORT': number;
  'REQUESTED-ADDRESS-FAMILY': 4 | 6;
  DATA: Uint8Array;
}

const HEADER_BYTES = 20;
const COOKIE = 0x2112a442;
const MESSAGE_INTEGRITY = 0x0008;
const FINGERPRINT = 0x8028;
const INTEGRITY_BYTES = 20;
const FINGERPRINT_XOR = 0x5354554e;
/** Far more than any message we know has; bounds the work one datagram can cause. */
const MAX_ATTRIBUTES = 32;
/** Longest value of any attribute but DATA; RFC 8489 allows 763 bytes for the longest. */
const MAX_VALUE_BYTES = 768;
const DATA = 0x0013;
/** Attributes that hold an address: 8 bytes of value for IPv4, 20 for IPv6. */
const ADDRESSES = new Set([0x0001, 0x0004, 0x0005, 0x0012, 0x0016, 0x0020, 0x8023, 0x802b, 0x802c]);

/** A STUN message that was read. Its form is right; who sent it is known only after {@link verifies}. */
export class StunMessage {
  readonly method: number;
  readonly class: StunClass;
  /** 24 hex digits. */
  readonly transactionId: string;
  /** Whether a (right) FINGERPRINT ends the message. */
  readonly hasFingerprint: boolean;
  /** Comprehension-required attributes that we do not know (RFC 8489 §6.3.1). */
  readonly unknownRequired: readonly number[];
  readonly #values: Message;
  readonly #signed: Uint8Array | undefined;

  constructor(values: Message, kind: StunClass, hasFingerprint: boolean, signed?: Uint8Array) {
    this.method = values.messageMethod;
    this.class = kind;
    this.transactionId = values.transactionIdHex;
    this.hasFingerprint = hasFingerprint;
    this.unknownRequired = values.rawAttributes.map(({ type }) => type).filter(t => t < 0x8000);
    this.#values = values;
    this.#signed = signed;
  }

  /** An attribute's value; undefined when it is absent. */
  get<Name extends keyof StunAttributes>(name: Name): StunAttributes[Name] | undefined {
    const value: unknown = this.#values.getAttributeValue(name);
    return value === undefined ? undefined : (fromCodec(name, value) as StunAttributes[Name]);
  }

  /** Whether a MESSAGE-INTEGRITY attribute is there at all. */
  get hasIntegrity(): boolean {
    return this.#signed !== undefined;
  }

  /**
   * Whether MESSAGE-INTEGRITY is there and right (RFC 8489 §14.5).
   *
   * @param key the short-term password, or the 16 bytes of a long-term key.
   */
  verifies(key: Uint8Array): boolean {
    const signed = this.#signed;
    if (signed === undefined) return false;
    const end = signed.length - INTEGRITY_BYTES - 4;
    const expected = createHmac('sha1', key).update(signed.subarray(0, end)).digest();
    return timingSafeEqual(expected, signed.subarray(end + 4));
  }
}

/**
 * Reads a STUN message from bytes of anybody. Undefined when it is malformed in any way or its
 * FINGERPRINT is wrong. Never throws. Attributes behind MESSAGE-INTEGRITY and repeated attributes
 * are ignored (RFC 8489 §14, §14.5).
 */
export function parseStun(bytes: Uint8Array): StunMessage | undefined {
  if (bytes.length < HEADER_BYTES || bytes.length % 4 !== 0) return undefined;
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const type = input.readUInt16BE(0);
  if ((type & 0xc000) !== 0 || input.readUInt32BE(4) !== COOKIE) return undefined;
  if (input.readUInt16BE(2) !== bytes.length - HEADER_BYTES) return undefined;

  const kept = [input.subarray(0, HEADER_BYTES)];
  const seen = new Set<number>();
  let signed: Uint8Array | undefined;
  let hasFingerprint = false;
  for (let at = HEADER_BYTES, count = 0; at < input.length; count++) {
    if (count === MAX_ATTRIBUTES || at + 4 > input.length) return undefined;
    const attribute = input.readUInt16BE(at);
    const length = input.readUInt16BE(at + 2);
    const end = at + 4 + length + (-length & 3);
    if (end > input.length || hasFingerprint) return undefined; // FINGERPRINT is the last one
    if (attribute === FINGERPRINT) {
      if (length !== 4 || input.readUInt32BE(at + 4) !== fingerprint(input.subarray(0, at))) {
        return undefined;
      }
      hasFingerprint = true;
    } else if (signed !== undefined) {
      // Not covered by MESSAGE-INTEGRITY: as if it were not there.
    } else if (attribute === MESSAGE_INTEGRITY) {
      if (length !== INTEGRITY_BYTES) return undefined;
      signed = withBodyLength(input.subarray(0, end));
    } else if (!seen.has(attribute)) {
      if (ADDRESSES.has(attribute) && length !== 8 && length !== 20) return undefined;
      if (length > MAX_VALUE_BYTES && attribute !== DATA) return undefined;
      seen.add(attribute);
      kept.push(input.subarray(at, end));
    }
    at = end;
  }
  try {
    // A copy, so that nothing keeps or changes the caller's buffer.
    const values = parseMessage(withBodyLength(Buffer.concat(kept)));
    return values && new StunMessage(values, classOf(type), hasFingerprint, signed);
  } catch {
    return undefined; // whatever the codec stumbles over, the message is malformed
  }
}

/** What {@link encodeStun} writes. */
export interface StunFields {
  readonly method: StunMethod;
  readonly class: StunClass;
  /** 24 hex digits. */
  readonly transactionId: string;
  readonly attributes?: Partial<StunAttributes>;
  /** Adds MESSAGE-INTEGRITY with this key. */
  readonly key?: Uint8Array;
}

/** Writes a STUN message; FINGERPRINT is always added. */
export function encodeStun(fields: StunFields): Uint8Array {
  const id = Buffer.from(fields.transactionId, 'hex');
  const message = new Message(fields.method, CLASS_BITS[fields.class], id, []);
  for (const [name, value] of Object.entries(fields.attributes ?? {})) {
    message.setAttribute(name as keyof StunAttributes, toCodec(name, value));
  }
  if (fields.key !== undefined) message.addMessageIntegrity(Buffer.from(fields.key));
  return message.addFingerprint().bytes;
}

/** A fresh transaction id: 96 random bits as hex. */
export function newTransactionId(random: (bytes: number) => Uint8Array): string {
  return Buffer.from(random(12)).toString('hex');
}

function classOf(type: number): StunClass {
  switch (type & 0x0110) {
    case CLASS_BITS.request:
      return 'request';
    case CLASS_BITS.indication:
      return 'indication';
    case CLASS_BITS.success:
      return 'success';
    default:
      return 'error';
  }
}

/** A copy of the first part of a message whose header says that it ends here. */
function withBodyLength(part: Uint8Array, further = 0): Buffer {
  const copy = Buffer.from(part);
  copy.writeUInt16BE(copy.length - HEADER_BYTES + further, 2);
  return copy;
}

function fingerprint(before: Uint8Array): number {
  return (crc32(withBodyLength(before, 8)) ^ FINGERPRINT_XOR) >>> 0;
}

function isEndpointName(name: string): boolean {
  return name.endsWith('-ADDRESS') || name === 'ALTERNATE-SERVER';
}

/** From the codec's value forms to ours: `[address, port]`, `[code, reason]`, words with padding. */
function fromCodec(name: string, value: unknown): unknown {
  if (Array.isArray(value) && isEndpointName(name)) {
    return canonicalEndpoint({ address: String(value[0]), port: Number(value[1]) });
  }
  if (Array.isArray(value) && name === 'ERROR-CODE') {
    return { code: Number(value[0]), reason: String(value[1]) };
  }
  if (name === 'USE-CANDIDATE') return true;
  if (name === 'REQUESTED-TRANSPORT') return Number(value) >>> 24;
  if (name === 'REQUESTED-ADDRESS-FAMILY') return Number(value) >>> 24 === 2 ? 6 : 4;
  return value;
}

function toCodec(name: string, value: unknown): unknown {
  if (isEndpointName(name)) {
    const { address, port } = value as Endpoint;
    return [address, port];
  }
  if (name === 'ERROR-CODE') {
    const { code, reason } = value as StunAttributes['ERROR-CODE'];
    return [code, reason];
  }
  if (name === 'REQUESTED-TRANSPORT') return Number(value) * 2 ** 24;
  if (name === 'REQUESTED-ADDRESS-FAMILY') return (value === 6 ? 2 : 1) * 2 ** 24;
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}
