import { EvioError } from './error.ts';

declare const brand: unique symbol;

/**
 * A node's name on the ring: the first 16 bytes of SHA-256 of its Ed25519 public key, as 32
 * lower-case hex digits. String order is ring order.
 */
export type NodeId = string & { readonly [brand]: 'NodeId' };

const PATTERN = /^[0-9a-f]{32}$/;

/** Whether `text` is a node id as this module writes it. */
export function isNodeId(text: string): text is NodeId {
  return PATTERN.test(text);
}

/**
 * Reads a node id from text.
 *
 * @throws EvioError `NODE_ID_INVALID` when it is not 32 lower-case hex digits.
 */
export function parseNodeId(text: string): NodeId {
  if (!isNodeId(text)) {
    throw new EvioError('NODE_ID_INVALID', `expected a node id of 32 hex digits, got "${text}"`);
  }
  return text;
}

/**
 * Reads a node id from its 16 bytes.
 *
 * @throws EvioError `NODE_ID_INVALID` when the length is another.
 */
export function nodeIdFromBytes(bytes: Uint8Array): NodeId {
  return parseNodeId(Buffer.from(bytes).toString('hex'));
}

/** The 16 bytes of a node id. */
export function nodeIdBytes(id: NodeId): Uint8Array {
  return new Uint8Array(Buffer.from(id, 'hex'));
}

/** Ring order: negative when `a` comes before `b`. */
export function compareNodeIds(a: NodeId, b: NodeId): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
