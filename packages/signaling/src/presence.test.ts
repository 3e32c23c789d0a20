import assert from 'node:assert/strict';
import { test } from 'node:test';
import xml from '@xmpp/xml';
import { NS_NODE } from './namespaces.ts';
import { presenceWith, recordIn } from './presence.ts';

test('a record reads back from the presence that carries it', () => {
  const record = Uint8Array.from({ length: 2048 }, (_, i) => i % 256);
  assert.deepEqual(recordIn(presenceWith(record)), record);
  assert.equal(recordIn(presenceWith(undefined)), undefined);
});

test('a record of more than 2 KiB is neither sent nor read', () => {
  assert.throws(() => presenceWith(new Uint8Array(2049)), { code: 'RECORD_TOO_LARGE' });
  const text = Buffer.alloc(2049).toString('base64');
  const presence = xml('presence', {}, xml('node', { xmlns: NS_NODE }, text));
  assert.throws(() => recordIn(presence), { code: 'STANZA_MALFORMED' });
});

test('what is not base64 is refused', () => {
  for (const text of ['', '*', 'AAA', 'AAAA=', 'AA==AA==', '<b/>']) {
    const presence = xml('presence', {}, xml('node', { xmlns: NS_NODE }, text));
    assert.throws(() => recordIn(presence), { code: 'STANZA_MALFORMED' }, text);
  }
});
