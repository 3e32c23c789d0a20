import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextAddress, parsePool, poolSize, poolsOverlap } from './address-pool.ts';

test('addresses come one after the other, over byte borders', () => {
  const pool = parsePool('10.10.0.0/16');
  assert.deepEqual(nextAddress(pool, 1, new Set()), { address: '10.10.0.1', cursor: 2 });
  assert.deepEqual(nextAddress(pool, 256, new Set()), { address: '10.10.1.0', cursor: 257 });
  assert.deepEqual(nextAddress(pool, 65_534, new Set()), { address: '10.10.255.254', cursor: 1 });
});

test('a given-up address is taken again only after a round', () => {
  const pool = parsePool('192.168.1.0/29');
  const taken = new Set(['192.168.1.1', '192.168.1.2', '192.168.1.3']);
  taken.delete('192.168.1.1');
  assert.equal(nextAddress(pool, 4, taken).address, '192.168.1.4');
  assert.deepEqual(nextAddress(pool, 1, taken), { address: '192.168.1.1', cursor: 2 });
});

test('all addresses of a pool can be had, each once, and then no more', () => {
  fc.assert(
    fc.property(fc.integer({ min: 24, max: 30 }), fc.integer({ min: 1, max: 200 }), (bits, at) => {
      const pool = parsePool(`10.0.0.0/${bits}`);
      const taken = new Set<string>();
      let cursor = ((at - 1) % poolSize(pool)) + 1;
      for (let count = 0; count < poolSize(pool); count++) {
        const next = nextAddress(pool, cursor, taken);
        assert.ok(!taken.has(next.address));
        taken.add(next.address);
        cursor = next.cursor;
      }
      assert.ok(!taken.has('10.0.0.0'));
      assert.throws(() => nextAddress(pool, cursor, taken), { code: 'POOL_EXHAUSTED' });
    }),
    { numRuns: 30 },
  );
});

test('what is not a network is refused', () => {
  for (const text of [
    '10.10.0.1/16',
    '10.10.0.0',
    '10.0.0.0/7',
    '10.0.0.0/31',
    '::/64',
    'x/16',
    '',
  ]) {
    assert.throws(() => parsePool(text), { code: 'POOL_INVALID' }, text);
  }
});

test('pools overlap when one contains the other', () => {
  const overlap = (a: string, b: string) => poolsOverlap(parsePool(a), parsePool(b));
  assert.ok(overlap('10.0.0.0/8', '10.10.0.0/16'));
  assert.ok(overlap('10.10.0.0/16', '10.10.0.0/16'));
  assert.ok(!overlap('10.10.0.0/16', '10.11.0.0/16'));
});
