import { EvioError } from '@evio/types';
import xml, { type Element } from '@xmpp/xml';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { MAX_RECORD_BYTES } from './limits.ts';
import { NS_NODE } from './namespaces.ts';

/**
 * Our presence with the node record (RFC 6121 §4.2). The priority is negative so that a server never
 * delivers to us what is meant for a person using the account (§4.7.2.3).
 *
 * @throws EvioError `RECORD_TOO_LARGE`
 */
export function presenceWith(record: Uint8Array | undefined): Element {
  if (record !== undefined && record.length > MAX_RECORD_BYTES) {
    throw new EvioError(
      'RECORD_TOO_LARGE',
      `a node record has at most ${MAX_RECORD_BYTES} bytes, got ${record.length}`,
    );
  }
  return xml(
    'presence',
    {},
    xml('priority', {}, '-1'),
    record && xml('node', { xmlns: NS_NODE }, encodeBase64(record)),
  );
}

/**
 * The node record in a presence; undefined when there is none.
 *
 * @throws EvioError `STANZA_MALFORMED`
 */
export function recordIn(presence: Element): Uint8Array | undefined {
  const node = presence.getChild('node', NS_NODE);
  if (node === undefined) return undefined;
  const record = decodeBase64(node.getText().trim(), 'node record', MAX_RECORD_BYTES);
  if (record.length === 0) {
    throw new EvioError('STANZA_MALFORMED', 'node record: expected some bytes');
  }
  return record;
}
