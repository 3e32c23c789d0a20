import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAddresses, checkDomain, checkNodeName, checkOverlayName } from './names.ts';

test('host names make node names', () => {
  for (const name of ['a', 'edge-a', 'node_1', 'rack1.dc2', 'x'.repeat(63)]) {
    assert.equal(checkNodeName(name), name);
  }
});

test('a node name that could be a path, an option, a line or another JID is refused', () => {
  const hostile = [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a..b',
    '-a',
    'a-',
    '.a',
    'A',
    'a b',
    'a@b',
    'a\nb',
  ];
  hostile.push('a\0', 'a=b', '[a]', 'ä', 'a"', "a'", 'a;b', '$(x)', 'a%2fb', 'x'.repeat(64));
  for (const name of hostile) {
    assert.throws(() => checkNodeName(name), { code: 'NODE_NAME_INVALID' }, JSON.stringify(name));
  }
});

test('an overlay name that could leave its line or section is refused', () => {
  assert.equal(checkOverlayName('Edge.1_x-y'), 'Edge.1_x-y');
  for (const name of ['', '+all', 'a]', 'a b', 'a\n[b', '-x', 'x'.repeat(64)]) {
    assert.throws(() => checkOverlayName(name), { code: 'OVERLAY_NAME_INVALID' });
  }
});

test('a domain is in lower case and no address', () => {
  for (const domain of ['example.org', 'localhost', 'xn--bcher-kva.example', 'hub.test']) {
    assert.equal(checkDomain(domain), domain);
  }
  for (const domain of ['', 'Example.org', 'a..b', '192.0.2.1', '-a.org', 'a b', 'a"b', 'a/b']) {
    assert.throws(() => checkDomain(domain), { code: 'DOMAIN_INVALID' });
  }
});

test('addresses are IP addresses without zones', () => {
  assert.deepEqual(checkAddresses(['192.0.2.1', '2001:db8::1']), ['192.0.2.1', '2001:db8::1']);
  for (const address of ['host', 'fe80::1%eth0', '192.0.2.1/24', '']) {
    assert.throws(() => checkAddresses([address]), { code: 'ADDRESS_INVALID' });
  }
});
