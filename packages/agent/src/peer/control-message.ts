import type { LinkMessage } from '@evio/signaling';
import { EvioError } from '@evio/types';
import type { ControlCost } from './control-budget.ts';
import { decodeLinkMessage, encodeLinkMessage } from './link-message-codec.ts';
import {
  decodeTraceMessage,
  encodeTraceMessage,
  type TraceMessage,
} from './trace-message-codec.ts';

/**
 * What two agents say to each other in control records, sealed in their session. The first byte
 * tells what follows: 0 a message of the topology, opaque here; 1 a {@link LinkMessage}; 2 a
 * {@link TraceMessage}.
 */
export type ControlMessage =
  | { readonly kind: 'topology'; readonly bytes: Uint8Array }
  | { readonly kind: 'link'; readonly message: LinkMessage }
  | { readonly kind: 'trace'; readonly message: TraceMessage };

const TOPOLOGY = 0;
const LINK = 1;
const TRACE = 2;

export function encodeControlMessage(message: ControlMessage): Uint8Array {
  switch (message.kind) {
    case 'topology':
      return prefixed(TOPOLOGY, message.bytes);
    case 'link':
      return prefixed(LINK, encodeLinkMessage(message.message));
    case 'trace':
      return prefixed(TRACE, encodeTraceMessage(message.message));
    default:
      return message satisfies never;
  }
}

/** @throws EvioError `CONTROL_INVALID` for anything else, and what the codecs throw. */
export function decodeControlMessage(bytes: Uint8Array): ControlMessage {
  const [kind] = bytes;
  const rest = bytes.subarray(1);
  if (kind === TOPOLOGY) return { kind: 'topology', bytes: rest };
  if (kind === LINK) return { kind: 'link', message: decodeLinkMessage(rest) };
  if (kind === TRACE) return { kind: 'trace', message: decodeTraceMessage(rest) };
  throw new EvioError(
    'CONTROL_INVALID',
    `expected a control message of kind 0, 1 or 2, got ${kind}`,
  );
}

/** What it costs to read a message, before it is read. */
export function controlCost([kind]: Uint8Array): ControlCost {
  return kind === TOPOLOGY ? 'plain' : 'costly';
}

function prefixed(kind: number, bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(1 + bytes.length);
  message[0] = kind;
  message.set(bytes, 1);
  return message;
}
