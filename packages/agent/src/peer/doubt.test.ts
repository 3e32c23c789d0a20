import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEAD_AFTER, Doubt } from './doubt.ts';

/** Ticks whenever due until `end`, and tells what it found and when. */
function run(doubt: Doubt, end: number, silent: (now: number) => number | undefined) {
  const found: [number, string][] = [];
  for (let now = doubt.nextTimeout(); now !== undefined && now <= end; now = doubt.nextTimeout()) {
    const verdict = doubt.tick(now, silent(now));
    if (verdict !== undefined) found.push([now, verdict]);
  }
  return found;
}

test('without doubt nothing is due', () => {
  const doubt = new Doubt();
  assert.equal(doubt.nextTimeout(), undefined);
  assert.equal(doubt.tick(1_000, 500), undefined);
});

test('a silent peer is asked at once and often, and given up once', () => {
  const doubt = new Doubt();
  assert.equal(doubt.raise(1_000), true);
  assert.equal(doubt.raise(1_100), false);
  const found = run(doubt, 10_000, now => now);
  assert.deepEqual(found[0], [1_000, 'ask']);
  const dead = found.filter(([, verdict]) => verdict === 'dead');
  assert.deepEqual(dead, [[1_000 + DEAD_AFTER, 'dead']]);
});

test('whoever is heard again is trusted again', () => {
  const doubt = new Doubt();
  doubt.raise(1_000);
  const found = run(doubt, 10_000, now => (now < 1_500 ? now : now - 1_450));
  assert.deepEqual(found.at(-1), [1_600, 'dispelled']);
  assert.equal(doubt.raised, false);
});

test('what was heard before the doubt does not count', () => {
  const doubt = new Doubt();
  doubt.raise(1_000);
  assert.equal(doubt.tick(1_000, 10), 'ask');
});
