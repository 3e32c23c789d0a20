import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@evio/types';
import fc from 'fast-check';
import { FLOOD_FORGET_MS, FLOOD_WINDOW, FloodWindow } from './flood-window.ts';

const origin = 'a'.repeat(32) as NodeId;
const first = (window: FloodWindow, now: number, sequence: number) =>
  window.note(now, origin, sequence, false).deliver;

test('each sequence is first once, in any order within the window', () => {
  const start = fc.integer({ min: 0, max: 0xffff_ffff });
  const steps = fc.array(fc.integer({ min: 0, max: FLOOD_WINDOW - 1 }), { maxLength: 300 });
  fc.assert(
    fc.property(start, steps, (base, offsets) => {
      const window = new FloodWindow();
      const seen = new Set<number>();
      for (const offset of offsets) {
        const sequence = (base + offset) >>> 0;
        assert.equal(first(window, 0, sequence), !seen.has(sequence));
        seen.add(sequence);
      }
    }),
  );
});

test('what is older than the window counts as seen', () => {
  const window = new FloodWindow();
  assert.ok(first(window, 0, 5_000));
  assert.ok(!first(window, 0, 5_000 - FLOOD_WINDOW));
  assert.ok(first(window, 0, 5_001 - FLOOD_WINDOW));
});

test('a jump ahead forgets what the window held', () => {
  const window = new FloodWindow();
  first(window, 0, 10);
  assert.ok(first(window, 0, 10 + 3 * FLOOD_WINDOW));
  assert.ok(first(window, 0, 9 + 3 * FLOOD_WINDOW));
  assert.ok(!first(window, 0, 10));
});

test('an origin that was silent for a minute may begin anew', () => {
  const window = new FloodWindow();
  first(window, 0, 900_000);
  assert.ok(!first(window, 1, 3));
  assert.ok(first(window, FLOOD_FORGET_MS + 2, 3));
  window.sweep(3 * FLOOD_FORGET_MS);
  assert.ok(first(window, 3 * FLOOD_FORGET_MS, 3));
});

test('a part of our own is passed on though a hand-over came before it, and only once', () => {
  const window = new FloodWindow();
  assert.deepEqual(window.note(0, origin, 7, true), { deliver: true, pass: true });
  assert.deepEqual(window.note(0, origin, 7, false), { deliver: false, pass: true });
  assert.deepEqual(window.note(0, origin, 7, false), { deliver: false, pass: false });
  assert.deepEqual(window.note(0, origin, 7, true), { deliver: false, pass: true });
});
