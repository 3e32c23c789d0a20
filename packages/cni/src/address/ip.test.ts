import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressAt, parseAddress, parseCidr } from './ip.ts';

test('numbers and addresses stand for each other', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(4 as const, 6 as const),
      fc.bigInt(0n, (1n << 128n) - 1n),
      (family, number) => {
        const value = family === 4 ? number & 0xffffffffn : number;
        const { text } = addressAt(family, value);
        assert.deepEqual(parseAddress(text), { family, value, text });
      },
    ),
  );
});

test('an address has one way of writing', () => {
  assert.equal(parseAddress('FD00:0::0001')?.text, 'fd00::1');
  for (const text of ['', '10.0.0', 'fe80::1%eth0', '10.0.0.1/8']) {
    assert.equal(parseAddress(text), undefined, text);
  }
});

test('a network knows what is in it', () => {
  const cidr = parseCidr('10.244.3.7/24');
  assert.equal(cidr?.network.text, '10.244.3.0/24');
  assert.equal(addressAt(4, cidr?.last ?? 0n).text, '10.244.3.255');
  for (const text of ['10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0.0/a']) {
    assert.equal(parseCidr(text), undefined, text);
  }
});
