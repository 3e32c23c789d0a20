import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCounter, StreamManagement } from './stream-management.ts';

function withSent(...texts: string[]): StreamManagement {
  const management = new StreamManagement();
  management.enable();
  management.enabled('previous');
  for (const text of texts) management.sent({ text });
  return management;
}

test('acknowledged stanzas are not written again', () => {
  const management = withSent('1', '2', '3');
  management.acknowledged(1);
  management.suspend();
  assert.deepEqual(management.resumed(2), [{ text: '3' }]);
  management.acknowledged(3);
  assert.equal(management.unacknowledged, 0);
});

test('nothing is counted before stream management begins, or while it is suspended', () => {
  const management = new StreamManagement();
  management.sent({ text: 'before' });
  management.handled();
  management.enable();
  management.enabled(undefined);
  management.handled();
  management.suspend();
  management.handled();
  assert.equal(management.inbound, 1);
  assert.equal(management.unacknowledged, 0);
});

test('a server that acknowledges what was never sent is refused', () => {
  for (const h of [4, -1, Number.NaN, 2 ** 32]) {
    assert.throws(() => withSent('1', '2', '3').acknowledged(h), { code: 'XMPP_PROTOCOL' });
  }
});

test('after a failed resumption the fate of each stanza is told', () => {
  assert.deepEqual(withSent('1', '2').failed(1), { unsent: [{ text: '2' }], unknown: [] });
  assert.deepEqual(withSent('1').failed(undefined), { unsent: [], unknown: [{ text: '1' }] });
  assert.deepEqual(withSent('1').failed(7), { unsent: [], unknown: [{ text: '1' }] });
  const management = withSent('1');
  management.failed(1);
  assert.equal(management.id, undefined);
});

test('only a plain number is a counter', () => {
  assert.equal(readCounter('0'), 0);
  for (const text of [undefined, '', '-1', '1e3', '12345678901', 'x']) {
    assert.equal(readCounter(text), undefined);
  }
});
