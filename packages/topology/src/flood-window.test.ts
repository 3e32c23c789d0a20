import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@evio/types';
import fc from 'fast-check';
import { FLOOD_FORGET_MS, FLOOD_WINDOW, FloodWindow } from './flood-window.ts';

const origin = 'a'.repeat(32) as NodeId;

test('each sequence is first once, in any order within the window', () => {
  const start = fc.integer({ min: 0, max: 0xffff_ffff });
  const steps = fc.array(fc.integer({ min: 0, max: FLOOD_WINDOW - 1 }), { maxLength: 300 });
  fc.assert(
    fc.property(start, steps, (base, offsets) => {
      const window = new FloodWindow();
      const seen = new Set<number>();
      for (const offset of offsets) {
        const sequence = (base + offset) >>> 0;
        assert.equal(window.first(0, origin, sequence), !seen.has(sequence));
        seen.add(sequence);
      }
    }),
  );
});

test('what is older than the window counts as seen', () => {
  const window = new FloodWindow();
  assert.ok(window.first(0, origin, 5_000));
  assert.ok(!window.first(0, origin, 5_000 - FLOOD_WINDOW));
  assert.ok(window.first(0, origin, 5_001 - FLOOD_WINDOW));
});

test('a jump ahead forgets what the window held', () => {
  const window = new FloodWindow();
  window.first(0, origin, 10);
  assert.ok(window.first(0, origin, 10 + 3 * FLOOD_WINDOW));
  assert.ok(window.first(0, origin, 9 + 3 * FLOOD_WINDOW));
  assert.ok(!window.first(0, origin, 10));
});

test('an origin that was silent for a minute may begin anew', () => {
  const window = new FloodWindow();
  window.first(0, origin, 900_000);
  assert.ok(!window.first(1, origin, 3));
  assert.ok(window.first(FLOOD_FORGET_MS + 2, origin, 3));
  window.sweep(3 * FLOOD_FORGET_MS);
  assert.ok(window.first(3 * FLOOD_FORGET_MS, origin, 3));
});
