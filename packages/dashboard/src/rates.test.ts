import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '@evio/agent/snapshot';
import { nodeId, peer, status } from '../../agent/src/control/fixture.ts';
import { ratesBetween, totalRate } from './rates.ts';

/** Bytes from and to each peer, so many milliseconds after the first snapshot. */
function snapshot(ms: number, bytes: Readonly<Record<string, [rx: number, tx: number]>>): Snapshot {
  const peers = Object.entries(bytes).map(([letter, [rxBytes, txBytes]]) =>
    peer(letter, { rxBytes, txBytes }),
  );
  return { at: new Date(ms).toISOString(), status: status(peers), topology: [] };
}
const b = `edge/${nodeId('b')}`;

test('a rate is what a counter grew by in a second', () => {
  const rates = ratesBetween(
    snapshot(0, { b: [100, 1_000] }),
    snapshot(500, { b: [600, 1_000], c: [9_999, 9_999] }),
  );
  assert.deepEqual([...rates], [[b, { rx: 1_000, tx: 0 }]], 'who just came has no rate yet');
});

test('a peer that went and came counts from zero, and is not negative', () => {
  const rates = ratesBetween(snapshot(0, { b: [100, 10] }), snapshot(1_000, { b: [5, 30] }));
  assert.deepEqual(rates.get(b), { rx: 0, tx: 20 });
});

test('without a snapshot before, or a moment between, there are none', () => {
  const now = snapshot(1_000, { b: [5, 5] });
  assert.equal(ratesBetween(undefined, now).size, 0);
  assert.equal(ratesBetween(now, now).size, 0);
  assert.equal(ratesBetween(now, snapshot(0, { b: [9, 9] })).size, 0);
});

test('the total is that of one overlay only', () => {
  const rates = new Map([
    ['edge/1', { rx: 1, tx: 10 }],
    ['edge/2', { rx: 2, tx: 20 }],
    ['edge-2/1', { rx: 500, tx: 500 }],
  ]);
  assert.deepEqual(totalRate(rates, 'edge'), { rx: 3, tx: 30 });
  assert.deepEqual(totalRate(rates, 'other'), { rx: 0, tx: 0 });
});
