import { EvioError } from '@evio/types';

const PATTERN = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Writes base64 as in RFC 4648 §4. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/**
 * Reads base64 as in RFC 4648 §4, with padding and without anything else in it.
 *
 * @param what the field, for the message
 * @param maxBytes largest decoded length
 * @throws EvioError `STANZA_MALFORMED`
 */
export function decodeBase64(text: string, what: string, maxBytes: number): Uint8Array {
  if (text.length > Math.ceil(maxBytes / 3) * 4) {
    throw new EvioError('STANZA_MALFORMED', `${what}: expected at most ${maxBytes} bytes`);
  }
  if (!PATTERN.test(text)) throw new EvioError('STANZA_MALFORMED', `${what}: expected base64`);
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  if (bytes.length > maxBytes) {
    throw new EvioError('STANZA_MALFORMED', `${what}: expected at most ${maxBytes} bytes`);
  }
  return bytes;
}
