import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalAddress, formatEndpoint, parseEndpoint } from './index.ts';

test('an endpoint reads back what it writes', () => {
  for (const text of ['192.0.2.1:3478', '[2001:db8::1]:65535', '127.0.0.1:0']) {
    assert.equal(formatEndpoint(parseEndpoint(text)), text);
  }
});

test('what is not an endpoint is refused with what was expected', () => {
  for (const text of [
    '192.0.2.1',
    '2001:db8::1:80',
    '[192.0.2.1]:80',
    'host:80',
    '1.2.3.4:99999',
  ]) {
    assert.throws(() => parseEndpoint(text), { code: 'ENDPOINT_INVALID' });
  }
});

test('equal addresses are written in one way', () => {
  for (const [text, canonical] of [
    ['192.0.2.1', '192.0.2.1'],
    ['FD00:0::0:1', 'fd00::1'],
    ['::ffff:7f00:1', '::ffff:127.0.0.1'],
    ['0:0:0:0:0:0:0.0.0.0', '::'],
    ['fe80::1%lo', 'fe80::1'],
  ] as const) {
    assert.equal(canonicalAddress(text), canonical, text);
  }
  assert.throws(() => canonicalAddress('localhost'), { code: 'ADDRESS_INVALID' });
});
