import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIpPrefix, parseIpPrefix } from './ip-prefix.ts';

test('prefixes come back in their canonical form', () => {
  const forms: [string, string][] = [
    ['10.10.0.1/16', '10.10.0.1/16'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['fd00::1/64', 'fd00::1/64'],
    ['FD00:0:0:0:0:0:0:1/64', 'fd00::1/64'],
    ['::/0', '::/0'],
    ['::1/128', '::1/128'],
    ['fe80::/10', 'fe80::/10'],
    ['1:0:0:2:0:0:0:3/128', '1:0:0:2::3/128'],
    ['1:0:2:3:4:5:6:7/128', '1:0:2:3:4:5:6:7/128'],
    ['2001:db8:0:1:1:1:1:1/32', '2001:db8:0:1:1:1:1:1/32'],
    ['::ffff:192.0.2.1/128', '::ffff:c000:201/128'],
    ['10:0:0:0:0:0:0:100/64', '10::100/64'],
  ];
  for (const [text, canonical] of forms) {
    assert.equal(formatIpPrefix(parseIpPrefix(text)), canonical);
  }
});

test('what is not a prefix is refused', () => {
  for (const text of [
    '10.0.0.1',
    '10.0.0.1/33',
    'fd00::1/129',
    '10.0.0/8',
    'x/1',
    '',
    '/',
    'fe80::1%a/64',
    '1.2.3.4/-1',
  ]) {
    assert.throws(() => parseIpPrefix(text), { code: 'PREFIX_INVALID' });
  }
});
