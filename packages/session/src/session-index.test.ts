import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionIndexes } from './session-index.ts';

test('an index that is taken is not given again until it is released', () => {
  const draws = [7, 7, 8, 7];
  const indexes = new SessionIndexes<string>(() => Uint8Array.of(0, 0, 0, draws.shift() ?? 9));
  assert.equal(indexes.allocate('b'), 7);
  assert.equal(indexes.allocate('c'), 8);
  assert.equal(indexes.ownerOf(8), 'c');
  indexes.release(7);
  assert.equal(indexes.ownerOf(7), undefined);
  assert.equal(indexes.allocate('d'), 7);
  assert.equal(indexes.size, 2);
});
