import { EvioError, formatMac, type Mac, type NodeId } from '@evio/types';
import { KEY_BYTES, SIGNATURE_BYTES, verify } from './curve25519.ts';
import { type Identity, nodeIdOf } from './identity.ts';
import { formatIpPrefix, parseIpPrefix } from './ip-prefix.ts';
import { decodePodClaim, encodePodClaim, POD_CLAIM_TYPE, type PodClaim } from './pod-claim.ts';
import { invalid, RecordReader } from './record-reader.ts';

/** The form of record that this module writes; another one is refused. */
export const RECORD_VERSION = 1;

/** Type of the extension that says "leaf"; it has no content. 1 is the pod claim. */
const LEAF_TYPE = 2;
/** Type of the extension that tells one run of a node from the next; 8 bytes. */
const INCARNATION_TYPE = 3;
const INCARNATION_BYTES = 8;

/** No record is longer, in bytes: it has to fit a presence stanza comfortably. */
export const MAX_RECORD_BYTES = 2048;

/** Bounds of the variable fields. Text is counted in bytes of UTF-8. */
export const RECORD_LIMITS = { account: 1023, name: 255, overlay: 255, addresses: 16 } as const;

/** Signed before the record, so that the signature says nothing in any other protocol. */
const SIGNATURE_CONTEXT = new TextEncoder().encode('evio-node-record/1');

/** What a node says of itself in one overlay, signed with its Ed25519 key. */
export interface NodeRecord {
  /** Follows from `signPublic`; not on the wire. */
  readonly id: NodeId;
  /** Bare JID of the account with which it joined. */
  readonly account: string;
  /** What people call it. */
  readonly name: string;
  /** Ed25519 public key, 32 bytes. */
  readonly signPublic: Uint8Array;
  /** X25519 public key, 32 bytes. */
  readonly staticPublic: Uint8Array;
  readonly overlay: string;
  /** Its addresses in the overlay with prefix lengths: `10.10.0.1/16`. */
  readonly addresses: readonly string[];
  /** MAC of its TAP device. */
  readonly mac: Mac;
  /** Of two records of one node the greater counts. 1 to 2⁶⁴ − 1. */
  readonly sequence: bigint;
  /** Present when it never carries others' traffic. */
  readonly leaf?: true;
  /**
   * Drawn anew by each process that takes part, a u64: a newer record with the same one is news of
   * the same process. Absent in records of earlier versions.
   */
  readonly incarnation?: bigint;
  /** Which pod range it has or wants, and whose it takes others for; absent without a pod network. */
  readonly pods?: PodClaim;
}

/** The fields of a record that do not follow from the identity. */
export type NodeRecordFields = Omit<NodeRecord, 'id' | 'signPublic' | 'staticPublic'>;

/**
 * Writes and signs a record (byte table in docs/protocol-handshake.md).
 *
 * @throws EvioError `RECORD_INVALID` when a field is out of bounds.
 */
export function encodeNodeRecord(identity: Identity, fields: NodeRecordFields): Uint8Array {
  const parts: Uint8Array[] = [];
  const head = new Uint8Array(9);
  head[0] = RECORD_VERSION;
  if (fields.sequence < 1n || fields.sequence >= 1n << 64n) {
    throw invalid(`expected a sequence from 1 to 2^64 - 1, got ${fields.sequence}`);
  }
  new DataView(head.buffer).setBigUint64(1, fields.sequence);
  parts.push(head, identity.signPublic, identity.staticPublic, macBytes(fields.mac));
  parts.push(
    encodeText('account', fields.account),
    encodeText('name', fields.name),
    encodeText('overlay', fields.overlay),
  );
  if (fields.addresses.length > RECORD_LIMITS.addresses) {
    throw invalid(`expected at most ${RECORD_LIMITS.addresses} addresses`);
  }
  parts.push(Uint8Array.of(fields.addresses.length));
  for (const text of fields.addresses) {
    const { address, length } = parseIpPrefix(text);
    parts.push(Uint8Array.of(address.length === 4 ? 4 : 6, length), address);
  }
  if (fields.pods !== undefined) parts.push(extension(POD_CLAIM_TYPE, encodePodClaim(fields.pods)));
  if (fields.leaf) parts.push(extension(LEAF_TYPE, new Uint8Array()));
  if (fields.incarnation !== undefined) {
    const value = new Uint8Array(INCARNATION_BYTES);
    new DataView(value.buffer).setBigUint64(0, fields.incarnation);
    parts.push(extension(INCARNATION_TYPE, value));
  }
  const body = Buffer.concat(parts);
  if (body.length + SIGNATURE_BYTES > MAX_RECORD_BYTES) {
    throw invalid(`expected at most ${MAX_RECORD_BYTES} bytes`);
  }
  const signature = identity.sign(Buffer.concat([SIGNATURE_CONTEXT, body]));
  return new Uint8Array(Buffer.concat([body, signature]));
}

/**
 * Reads a record and checks its signature. One record has exactly one encoding.
 *
 * @throws EvioError `RECORD_INVALID` when it is malformed, `RECORD_FORGED` when the signature is not
 * that of its own key.
 */
export function decodeNodeRecord(bytes: Uint8Array): NodeRecord {
  if (bytes.length > MAX_RECORD_BYTES) {
    throw invalid(`expected at most ${MAX_RECORD_BYTES} bytes, got ${bytes.length}`);
  }
  const body = bytes.subarray(0, Math.max(0, bytes.length - SIGNATURE_BYTES));
  const reader = new RecordReader(body);
  const version = reader.byte();
  if (version !== RECORD_VERSION) {
    throw invalid(`expected version ${RECORD_VERSION}, got ${version}`);
  }
  const sequence = reader.unsigned64();
  const signPublic = reader.take(KEY_BYTES).slice();
  const staticPublic = reader.take(KEY_BYTES).slice();
  const mac = formatMac(reader.take(6));
  const account = decodeText('account', reader);
  const name = decodeText('name', reader);
  const overlay = decodeText('overlay', reader);
  const count = reader.byte();
  if (count > RECORD_LIMITS.addresses) throw invalid(`expected at most 16 addresses, got ${count}`);
  const addresses: string[] = [];
  for (let index = 0; index < count; index++) {
    const family = reader.byte();
    const length = reader.byte();
    if (family !== 4 && family !== 6) throw invalid(`expected family 4 or 6, got ${family}`);
    if (length > (family === 4 ? 32 : 128))
      throw invalid(`expected a prefix length, got ${length}`);
    addresses.push(formatIpPrefix({ address: reader.take(family === 4 ? 4 : 16), length }));
  }
  const extensions = decodeExtensions(reader);
  if (sequence === 0n) throw invalid('expected a sequence greater than 0');
  macBytes(mac);
  // Last, because it is what costs.
  const signature = bytes.subarray(body.length);
  if (!verify(Buffer.concat([SIGNATURE_CONTEXT, body]), signature, signPublic)) {
    throw new EvioError('RECORD_FORGED', 'the signature is not that of the record’s own key');
  }
  const id = nodeIdOf(signPublic);
  const record = { id, account, name, signPublic, staticPublic, overlay, addresses, mac, sequence };
  return { ...record, ...extensions };
}

function extension(type: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(type, value.length >> 8, value.length & 0xff), value]);
}

type Extensions = Pick<NodeRecord, 'pods' | 'leaf' | 'incarnation'>;

/** What stands after the addresses. Types rise, so that each is there once; unknown ones are passed over. */
function decodeExtensions(reader: RecordReader): Extensions {
  let extensions: Extensions = {};
  for (let last = 0; reader.left > 0; ) {
    const type = reader.byte();
    const value = reader.take(reader.unsigned16());
    if (type <= last) {
      throw invalid(`expected an extension of type ${last + 1} or more, got ${type}`);
    }
    if (type === POD_CLAIM_TYPE) {
      const pods = decodePodClaim(value);
      if (pods !== undefined) extensions = { ...extensions, pods };
    }
    if (type === LEAF_TYPE) extensions = { ...extensions, leaf: true };
    if (type === INCARNATION_TYPE) {
      if (value.length !== INCARNATION_BYTES) {
        throw invalid(`expected ${INCARNATION_BYTES} bytes of incarnation, got ${value.length}`);
      }
      extensions = { ...extensions, incarnation: new RecordReader(value).unsigned64() };
    }
    last = type;
  }
  return extensions;
}

/** A TAP's MAC is a unicast address; learning a group address for a node would divert broadcasts. */
function macBytes(mac: Mac): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(mac.replaceAll(':', ''), 'hex'));
  const [first = 0] = bytes;
  if ((first & 1) === 1 || bytes.every(byte => byte === 0)) {
    throw invalid(`expected a unicast MAC, got ${mac}`);
  }
  return bytes;
}

type TextField = 'account' | 'name' | 'overlay';

function encodeText(field: TextField, text: string): Uint8Array {
  checkText(field, text);
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > RECORD_LIMITS[field]) {
    throw invalid(
      `expected at most ${RECORD_LIMITS[field]} bytes of ${field}, got ${bytes.length}`,
    );
  }
  return Buffer.concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function decodeText(field: TextField, reader: RecordReader): string {
  const length = (reader.byte() << 8) | reader.byte();
  if (length > RECORD_LIMITS[field]) {
    throw invalid(`expected at most ${RECORD_LIMITS[field]} bytes of ${field}, got ${length}`);
  }
  const raw = reader.take(length);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch (cause) {
    throw new EvioError('RECORD_INVALID', `expected UTF-8 in ${field}`, { cause });
  }
  checkText(field, text);
  return text;
}

/** Names end up in logs and on terminals, so control and format characters stay out. */
function checkText(field: TextField, text: string): void {
  if (text === '') throw invalid(`expected ${field} not to be empty`);
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text)) {
    throw invalid(`expected ${field} without control characters`);
  }
}
