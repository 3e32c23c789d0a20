import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peer } from '../control/fixture.ts';
import { OtherPeers } from './other-peers.ts';

const counted = (letter: string, rxBytes: number, txBytes = rxBytes) =>
  peer(letter, { rxBytes, txBytes });

test('the traffic of the others is one sum, by overlay', () => {
  const others = new OtherPeers();
  const sums = others.count('a', [counted('b', 1_000)], [counted('c', 10, 1), counted('d', 5, 2)]);
  assert.deepEqual(sums, { rxBytes: 15, txBytes: 3 });
  assert.equal(others.count('other', [], [counted('c', 7)]).rxBytes, 7);
  assert.equal(others.count('a', [], [counted('c', 11, 1), counted('d', 5, 2)]).rxBytes, 16);
});

test('what a peer gained while it had series of its own is not counted again', () => {
  const others = new OtherPeers();
  others.count('a', [counted('b', 1_000)], [counted('c', 10)]);
  assert.equal(others.count('a', [counted('c', 500)], [counted('b', 1_001)]).rxBytes, 11);
  assert.equal(others.count('a', [counted('b', 1_001)], [counted('c', 502)]).rxBytes, 13);
});

test('the sum does not fall when a peer goes, and one that comes back begins anew', () => {
  const others = new OtherPeers();
  others.count('a', [], [counted('b', 100)]);
  assert.equal(others.count('a', [], []).rxBytes, 100);
  assert.equal(others.count('a', [], [counted('b', 30)]).rxBytes, 130);
  assert.equal(others.count('a', [], [counted('b', 5)]).rxBytes, 135);
});
