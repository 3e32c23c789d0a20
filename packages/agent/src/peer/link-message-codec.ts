import type { LinkMessage } from '@evio/signaling';
import { EvioError, LINK_ROLES } from '@evio/types';
import { z } from 'zod';

/**
 * Link messages as they travel through the overlay when the XMPP server is away: JSON, with the same
 * fields and bounds as their Jingle form. The peer is authenticated, but may be malicious.
 */

/** Bytes. With its kind byte it must fit what the datapath takes as one control message. */
export const LINK_MESSAGE_MAX = 32 * 1024 - 1;

const Port = z.int().min(1).max(65_535);
const Endpoint = z.strictObject({ address: z.union([z.ipv4(), z.ipv6()]), port: Port });
const Candidate = z.strictObject({
  foundation: z.string().regex(/^[A-Za-z0-9+/]{1,32}$/),
  priority: z
    .int()
    .min(1)
    .max(2 ** 31 - 1),
  type: z.enum(['host', 'srflx', 'prflx', 'relay']),
  endpoint: Endpoint,
  related: Endpoint.exactOptional(),
});
const iceChars = (least: number) => z.string().regex(new RegExp(`^[A-Za-z0-9+/]{${least},256}$`));
const Credentials = z.strictObject({ ufrag: iceChars(4), password: iceChars(22) });
const Session = z.string().min(1).max(128);
const Candidates = z.array(Candidate).max(64);

const description = <K extends 'offer' | 'answer'>(kind: K) =>
  z.strictObject({
    kind: z.literal(kind),
    session: Session,
    credentials: Credentials,
    candidates: Candidates,
    handshake: z.base64().max(10_924).exactOptional(),
    role: z.enum(LINK_ROLES).exactOptional(),
  });

const Wire = z.discriminatedUnion('kind', [
  description('offer'),
  description('answer'),
  z.strictObject({
    kind: z.literal('candidates'),
    session: Session,
    credentials: Credentials,
    candidates: Candidates,
    done: z.boolean().exactOptional(),
  }),
  z.strictObject({ kind: z.literal('end'), session: Session, reason: z.string().max(256) }),
]);

/** @throws EvioError `LINK_MESSAGE_SIZE` when it is longer than {@link LINK_MESSAGE_MAX}. */
export function encodeLinkMessage(message: LinkMessage): Uint8Array {
  const text = JSON.stringify(message, (key, value: unknown) =>
    key === 'handshake' && value instanceof Uint8Array
      ? Buffer.from(value).toString('base64')
      : value,
  );
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= LINK_MESSAGE_MAX) return bytes;
  throw new EvioError(
    'LINK_MESSAGE_SIZE',
    `a link message has ${bytes.length} bytes, expected at most ${LINK_MESSAGE_MAX}`,
  );
}

/** @throws EvioError `LINK_MESSAGE_INVALID` for whatever {@link encodeLinkMessage} does not make. */
export function decodeLinkMessage(bytes: Uint8Array): LinkMessage {
  if (bytes.length > LINK_MESSAGE_MAX) throw invalid(`${bytes.length} bytes`);
  const parsed = Wire.safeParse(json(bytes));
  if (!parsed.success) throw invalid(parsed.error.issues[0]?.message ?? 'another shape');
  const wire = parsed.data;
  if (wire.kind !== 'offer' && wire.kind !== 'answer') return wire;
  const { handshake, ...rest } = wire;
  if (handshake === undefined) return rest;
  return { ...rest, handshake: new Uint8Array(Buffer.from(handshake, 'base64')) };
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new EvioError('LINK_MESSAGE_INVALID', 'expected a link message, got no JSON', { cause });
  }
}

function invalid(what: string): EvioError {
  return new EvioError('LINK_MESSAGE_INVALID', `expected a link message: ${what}`);
}
