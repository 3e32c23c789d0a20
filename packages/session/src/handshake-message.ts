import { EvioError, type NodeId, nodeIdBytes, nodeIdFromBytes } from '@evio/types';
import { MESSAGE_1_OVERHEAD, MESSAGE_2_OVERHEAD } from './noise-ikpsk2.ts';
import { sha256 } from './noise-symmetric.ts';

/*
 * The bytes of docs/protocol-handshake.md; a test reads that page's tables and compares them with the
 * layouts here.
 */

/** First byte of a handshake initiation. */
export const INITIATION_TYPE = 0xc1;

/** First byte of a handshake response. */
export const RESPONSE_TYPE = 0xc2;

/** Length of mac1 in bytes. */
export const MAC1_BYTES = 16;

/** Length of a TAI64N timestamp in bytes. */
export const TIMESTAMP_BYTES = 12;

/** Version of the payloads. */
export const HANDSHAKE_VERSION = 1;

/** One field of a message: its name and its length in bytes. */
export type Field = readonly [name: string, bytes: number];

/** Payload of Noise message 1. */
export const INITIATION_PAYLOAD_LAYOUT: readonly Field[] = [
  ['version', 1],
  ['abilities', 1],
  ['initiator id', 16],
  ['timestamp', TIMESTAMP_BYTES],
];

/** Payload of Noise message 2. */
export const RESPONSE_PAYLOAD_LAYOUT: readonly Field[] = [
  ['version', 1],
  ['cipher', 1],
  ['reply context', 32],
];

/** The datagram with type 0xC1. */
export const INITIATION_LAYOUT: readonly Field[] = [
  ['type', 1],
  ['reserved', 3],
  ['sender index', 4],
  ['Noise message 1', MESSAGE_1_OVERHEAD + layoutBytes(INITIATION_PAYLOAD_LAYOUT)],
  ['mac1', MAC1_BYTES],
];

/** The datagram with type 0xC2. */
export const RESPONSE_LAYOUT: readonly Field[] = [
  ['type', 1],
  ['reserved', 3],
  ['receiver index', 4],
  ['sender index', 4],
  ['Noise message 2', MESSAGE_2_OVERHEAD + layoutBytes(RESPONSE_PAYLOAD_LAYOUT)],
  ['mac1', MAC1_BYTES],
];

/** Length of an initiation in bytes. */
export const INITIATION_BYTES = layoutBytes(INITIATION_LAYOUT);

/** Length of a response in bytes. */
export const RESPONSE_BYTES = layoutBytes(RESPONSE_LAYOUT);

/** The AEAD of the transport, as the datapath names it. */
export type TransportCipher = 'aes-256-gcm' | 'chacha20-poly1305';

const CIPHER_CODES: readonly (readonly [number, TransportCipher])[] = [
  [1, 'aes-256-gcm'],
  [2, 'chacha20-poly1305'],
];

/** Bit of `abilities`: this side does AES in hardware. */
const ABILITY_AES = 1;

/** What the initiator says under the seal of message 1. */
export interface InitiationPayload {
  readonly aesHardware: boolean;
  readonly initiator: NodeId;
  /** TAI64N, see {@link InitiationClock}. */
  readonly timestamp: Uint8Array;
}

/** What the responder says under the seal of message 2. */
export interface ResponsePayload {
  readonly cipher: TransportCipher;
  /** SHA-256 of what the answer stanza carried beside the handshake; see {@link contextHash}. */
  readonly replyContext: Uint8Array;
}

/** An initiation taken apart; nothing in it is proven yet. */
export interface Initiation {
  readonly senderIndex: number;
  readonly noise: Uint8Array;
}

/** A response taken apart; nothing in it is proven yet. */
export interface Response extends Initiation {
  readonly receiverIndex: number;
}

/** Frames Noise message 1; `mac1` signs all bytes before it. */
export function encodeInitiation(
  { senderIndex, noise }: Initiation,
  mac1: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const head = new Uint8Array(8);
  head[0] = INITIATION_TYPE;
  new DataView(head.buffer).setUint32(4, senderIndex);
  const body = Buffer.concat([head, noise]);
  return new Uint8Array(Buffer.concat([body, mac1(body)]));
}

/** Frames Noise message 2; `mac1` signs all bytes before it. */
export function encodeResponse(
  { receiverIndex, senderIndex, noise }: Response,
  mac1: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const head = new Uint8Array(12);
  head[0] = RESPONSE_TYPE;
  const view = new DataView(head.buffer);
  view.setUint32(4, receiverIndex);
  view.setUint32(8, senderIndex);
  const body = Buffer.concat([head, noise]);
  return new Uint8Array(Buffer.concat([body, mac1(body)]));
}

/** @throws EvioError `MESSAGE_INVALID`. */
export function decodeInitiation(datagram: Uint8Array): Initiation {
  expectFrame(datagram, INITIATION_TYPE, INITIATION_BYTES);
  return { senderIndex: uint32(datagram, 4), noise: datagram.subarray(8, -MAC1_BYTES) };
}

/** @throws EvioError `MESSAGE_INVALID`. */
export function decodeResponse(datagram: Uint8Array): Response {
  expectFrame(datagram, RESPONSE_TYPE, RESPONSE_BYTES);
  return {
    receiverIndex: uint32(datagram, 4),
    senderIndex: uint32(datagram, 8),
    noise: datagram.subarray(12, -MAC1_BYTES),
  };
}

/** Writes the payload of message 1. */
export function encodeInitiationPayload(payload: InitiationPayload): Uint8Array {
  const abilities = payload.aesHardware ? ABILITY_AES : 0;
  return new Uint8Array([
    HANDSHAKE_VERSION,
    abilities,
    ...nodeIdBytes(payload.initiator),
    ...payload.timestamp,
  ]);
}

/** @throws EvioError `MESSAGE_INVALID`. */
export function decodeInitiationPayload(bytes: Uint8Array): InitiationPayload {
  expectPayload(bytes, INITIATION_PAYLOAD_LAYOUT);
  const [, abilities = 0] = bytes;
  return {
    // Bits that later versions may define are ignored: an ability not understood is not used.
    aesHardware: (abilities & ABILITY_AES) !== 0,
    initiator: nodeIdFromBytes(bytes.subarray(2, 18)),
    timestamp: bytes.slice(18),
  };
}

/** Writes the payload of message 2. */
export function encodeResponsePayload({ cipher, replyContext }: ResponsePayload): Uint8Array {
  const code = CIPHER_CODES.find(([, name]) => name === cipher)?.[0] ?? 0;
  return new Uint8Array([HANDSHAKE_VERSION, code, ...replyContext]);
}

/** @throws EvioError `MESSAGE_INVALID`. */
export function decodeResponsePayload(bytes: Uint8Array): ResponsePayload {
  expectPayload(bytes, RESPONSE_PAYLOAD_LAYOUT);
  const cipher = CIPHER_CODES.find(([code]) => code === bytes[1])?.[1];
  if (cipher === undefined) throw invalid(`expected cipher 1 or 2, got ${bytes[1]}`);
  return { cipher, replyContext: bytes.slice(2) };
}

/** What stands for a context of any length inside message 2: its SHA-256. Absent is empty. */
export function contextHash(context: Uint8Array | undefined): Uint8Array {
  return sha256(context ?? new Uint8Array(0));
}

/**
 * The Noise prologue: what both sides know before the first byte and must not differ in. Each part is
 * preceded by its length as u16, so that no two lists of parts give the same bytes. The initiator is
 * not in it, because a responder learns from message 1 itself who calls; its key and its id are
 * authenticated inside that message.
 *
 * @param context the initiator's ICE credentials when a stanza carries the handshake, else empty.
 */
export function prologue(
  overlay: string,
  responder: NodeId,
  context: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const encoder = new TextEncoder();
  const parts = [
    encoder.encode('evio/1'),
    encoder.encode(overlay),
    nodeIdBytes(responder),
    context,
  ];
  return Buffer.concat(
    parts.flatMap(part => {
      if (part.length > 0xffff) throw invalid(`expected at most 65535 bytes, got ${part.length}`);
      return [Uint8Array.of(part.length >> 8, part.length & 0xff), part];
    }),
  );
}

function layoutBytes(layout: readonly Field[]): number {
  return layout.reduce((sum, [, bytes]) => sum + bytes, 0);
}

function expectFrame(datagram: Uint8Array, type: number, length: number): void {
  if (datagram.length !== length || datagram[0] !== type) {
    throw invalid(`expected ${length} bytes of type ${type}`);
  }
  if (datagram[1] !== 0 || datagram[2] !== 0 || datagram[3] !== 0) {
    throw invalid('expected the reserved bytes to be 0');
  }
}

function expectPayload(bytes: Uint8Array, layout: readonly Field[]): void {
  if (bytes.length !== layoutBytes(layout) || bytes[0] !== HANDSHAKE_VERSION) {
    throw invalid(`expected a payload of version ${HANDSHAKE_VERSION}`);
  }
}

function uint32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
}

function invalid(message: string): EvioError {
  return new EvioError('MESSAGE_INVALID', `handshake: ${message}`);
}
