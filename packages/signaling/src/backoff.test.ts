import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff, REFUSED, STABLE_MS, TRANSIENT } from './backoff.ts';

test('transient failures double the wait up to a minute', () => {
  const backoff = new Backoff();
  const longest = Array.from({ length: 10 }, () => backoff.next('transient', 0, 1));
  assert.deepEqual(longest.slice(0, 4), [500, 1000, 2000, 4000]);
  assert.equal(longest.at(-1), TRANSIENT.longestMs);
});

test('the jitter spreads a wait over half of its step', () => {
  assert.equal(new Backoff().next('transient', 0, 0), 250);
  assert.equal(new Backoff().next('transient', 0, 0.5), 375);
});

test('a refused login waits half a minute at least and five at most', () => {
  const backoff = new Backoff();
  for (let attempt = 0; attempt < 12; attempt += 1) {
    for (const fraction of [0, 0.999]) {
      const wait = backoff.next('refused', 0, fraction);
      assert.ok(wait >= REFUSED.firstMs && wait <= REFUSED.longestMs, `${wait}`);
    }
  }
});

test('a connection that lasted, a reset and another kind of failure begin anew', () => {
  const backoff = new Backoff();
  for (let attempt = 0; attempt < 5; attempt += 1) backoff.next('transient', 0, 1);
  assert.equal(backoff.next('transient', STABLE_MS, 1), 500);
  backoff.next('transient', 0, 1);
  backoff.reset();
  assert.equal(backoff.next('transient', STABLE_MS - 1, 1), 500);
  backoff.next('transient', 0, 1);
  assert.equal(backoff.next('refused', 0, 0), REFUSED.firstMs);
  assert.equal(backoff.next('transient', 0, 1), 500);
});
