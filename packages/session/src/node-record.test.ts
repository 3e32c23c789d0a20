import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { EvioError, parseMac } from '@evio/types';
import fc from 'fast-check';
import { Identity } from './identity.ts';
import {
  decodeNodeRecord,
  encodeNodeRecord,
  MAX_RECORD_BYTES,
  type NodeRecordFields,
} from './node-record.ts';

const identity = Identity.create(bytes => new Uint8Array(randomBytes(bytes)));
const fields: NodeRecordFields = {
  account: 'edge-a@example.org',
  name: 'edge-a',
  overlay: 'edge',
  addresses: ['10.10.0.1/16', 'fd00:10::1/64'],
  mac: parseMac('02:00:5e:10:00:01'),
  sequence: 1_700_000_000_000n,
};
const good = encodeNodeRecord(identity, fields);

test('a record reads back what was written, with id and keys of its signer', () => {
  assert.deepEqual(decodeNodeRecord(good), {
    ...fields,
    id: identity.nodeId,
    signPublic: identity.signPublic,
    staticPublic: identity.staticPublic,
  });
});

test('every flipped bit makes the record invalid or forged', () => {
  for (let bit = 0; bit < good.length * 8; bit++) {
    const altered = good.slice();
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => decodeNodeRecord(altered), recordError, `bit ${bit}`);
  }
});

test('a record that is cut or has bytes after it is refused', () => {
  for (let length = 0; length < good.length; length++) {
    assert.throws(() => decodeNodeRecord(good.subarray(0, length)), recordError);
  }
  assert.throws(() => decodeNodeRecord(Buffer.concat([good, Uint8Array.of(0)])), recordError);
  assert.throws(() => decodeNodeRecord(new Uint8Array(MAX_RECORD_BYTES + 1)), recordError);
});

test('a record signed by another key is refused', () => {
  const other = Identity.create(bytes => new Uint8Array(randomBytes(bytes)));
  const forged = good.slice();
  forged.set(encodeNodeRecord(other, fields).subarray(-64), forged.length - 64);
  assert.throws(() => decodeNodeRecord(forged), { code: 'RECORD_FORGED' });
});

test('fields out of bounds are not written', () => {
  const wrong: Partial<NodeRecordFields>[] = [
    { account: '' },
    { account: `${'a'.repeat(1024)}` },
    { name: 'a\u001b[2Jb' },
    { name: 'line\nbreak' },
    { overlay: '\u202eevil' },
    { mac: parseMac('ff:ff:ff:ff:ff:ff') },
    { mac: parseMac('00:00:00:00:00:00') },
    { sequence: 0n },
    { addresses: Array(17).fill('10.0.0.1/8') },
  ];
  for (const change of wrong) {
    assert.throws(() => encodeNodeRecord(identity, { ...fields, ...change }), {
      code: 'RECORD_INVALID',
    });
  }
  assert.throws(() => encodeNodeRecord(identity, { ...fields, addresses: ['10.0.0.1'] }), {
    code: 'PREFIX_INVALID',
  });
  const largest = encodeNodeRecord(identity, {
    ...fields,
    account: 'a'.repeat(1023),
    name: 'n'.repeat(255),
    overlay: 'o'.repeat(255),
    addresses: Array(16).fill('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128'),
  });
  assert.ok(largest.length <= MAX_RECORD_BYTES);
});

test('random and mutated bytes never do anything but be refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
      assert.throws(() => decodeNodeRecord(bytes), recordError);
    }),
    { numRuns: 2000 },
  );
  const patch = fc.record({ at: fc.nat(good.length - 1), bytes: fc.uint8Array({ maxLength: 8 }) });
  fc.assert(
    fc.property(fc.array(patch, { maxLength: 3 }), patches => {
      const mutated = good.slice();
      for (const { at, bytes } of patches) mutated.set(bytes.subarray(0, good.length - at), at);
      try {
        decodeNodeRecord(mutated);
        assert.deepEqual(mutated, good);
      } catch (error) {
        if (!recordError(error)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});

function recordError(error: unknown): boolean {
  return error instanceof EvioError && error.code.startsWith('RECORD_');
}

test('a record says whether its node is a leaf', () => {
  const bytes = encodeNodeRecord(identity, { ...fields, leaf: true });
  assert.equal(decodeNodeRecord(bytes).leaf, true);
  assert.equal('leaf' in decodeNodeRecord(encodeNodeRecord(identity, fields)), false);
});

test('a record says which run of its node it is of, if it was written to', () => {
  for (const incarnation of [0n, 7n, 2n ** 64n - 1n]) {
    const bytes = encodeNodeRecord(identity, { ...fields, leaf: true, incarnation });
    assert.equal(decodeNodeRecord(bytes).incarnation, incarnation);
  }
  assert.equal('incarnation' in decodeNodeRecord(good), false);
});
