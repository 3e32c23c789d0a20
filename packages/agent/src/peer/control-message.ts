import type { LinkMessage } from '@evio/signaling';
import { EvioError } from '@evio/types';
import { decodeLinkMessage, encodeLinkMessage } from './link-message-codec.ts';

/**
 * What two agents say to each other in control records, sealed in their session. The first byte
 * tells what follows: 0 a message of the topology, opaque here; 1 a {@link LinkMessage}.
 */
export type ControlMessage =
  | { readonly kind: 'topology'; readonly bytes: Uint8Array }
  | { readonly kind: 'link'; readonly message: LinkMessage };

const TOPOLOGY = 0;
const LINK = 1;

export function encodeControlMessage(message: ControlMessage): Uint8Array {
  return message.kind === 'topology'
    ? prefixed(TOPOLOGY, message.bytes)
    : prefixed(LINK, encodeLinkMessage(message.message));
}

/** @throws EvioError `CONTROL_INVALID` for anything else. */
export function decodeControlMessage(bytes: Uint8Array): ControlMessage {
  const [kind] = bytes;
  const rest = bytes.subarray(1);
  if (kind === TOPOLOGY) return { kind: 'topology', bytes: rest };
  if (kind === LINK) return { kind: 'link', message: decodeLinkMessage(rest) };
  throw new EvioError('CONTROL_INVALID', `expected a control message of kind 0 or 1, got ${kind}`);
}

function prefixed(kind: number, bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(1 + bytes.length);
  message[0] = kind;
  message.set(bytes, 1);
  return message;
}
