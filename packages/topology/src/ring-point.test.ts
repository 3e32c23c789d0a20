import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NodeId, nodeIdBytes } from '@evio/types';
import fc from 'fast-check';
import {
  clockwise52,
  compareDistance,
  comparePoints,
  distance52,
  highAt,
  isBetween,
  type RingPoint,
  RingPoints,
} from './ring-point.ts';

const RING = 1n << 128n;
const points = new RingPoints();
/** Ids all over the ring, and ids that differ in their last bits only. */
const value = fc.oneof(
  fc.bigInt({ min: 0n, max: RING - 1n }),
  fc.bigInt({ min: 0n, max: 9n }),
  fc.bigInt({ min: RING - 9n, max: RING - 1n }),
);
const arbitraryPoint = value.map(v => points.intern(v.toString(16).padStart(32, '0') as NodeId));
const exact = ({ id }: RingPoint) => BigInt(`0x${id}`);
const clockwise = (a: RingPoint, b: RingPoint) => BigInt.asUintN(128, exact(b) - exact(a));
const ring = (a: RingPoint, b: RingPoint) => {
  const there = clockwise(a, b);
  const back = clockwise(b, a);
  if (there < back) return there;
  return back;
};

test('distances are the top 52 bits of the exact ones', () => {
  fc.assert(
    fc.property(arbitraryPoint, arbitraryPoint, (a, b) => {
      assert.equal(BigInt(clockwise52(a, b)), clockwise(a, b) >> 76n);
      assert.equal(BigInt(distance52(a, b)), ring(a, b) >> 76n);
    }),
  );
});

test('order and nearness count all 128 bits', () => {
  fc.assert(
    fc.property(arbitraryPoint, arbitraryPoint, arbitraryPoint, (a, b, target) => {
      const sign = (difference: bigint) => (difference < 0n ? -1 : difference > 0n ? 1 : 0);
      assert.equal(Math.sign(comparePoints(a, b)), sign(exact(a) - exact(b)));
      const nearer = sign(ring(a, target) - ring(b, target));
      assert.equal(Math.sign(compareDistance(target, a, b)), nearer);
    }),
  );
});

test('between two points means met before the second, going clockwise', () => {
  fc.assert(
    fc.property(arbitraryPoint, arbitraryPoint, arbitraryPoint, (from, point, end) => {
      const whole = from === end ? RING : clockwise(from, end);
      const expected = point !== from && clockwise(from, point) < whole;
      assert.equal(isBetween(from, point, end), expected);
    }),
  );
});

test('a point is found by its bytes, and unknown bytes are not taken in', () => {
  const known = points.intern('0123456789abcdef0123456789abcdef' as NodeId);
  const view = (id: string) => new DataView(nodeIdBytes(id as NodeId).buffer);
  assert.equal(points.find(view(known.id), 0), known);
  const other = '0123456789abcdef0123456789abcdee' as NodeId;
  assert.equal(points.find(view(other), 0), undefined);
  assert.equal(points.get(other), undefined);
});

test('a fraction of the ring wraps at its end', () => {
  const last = points.intern('f'.repeat(32) as NodeId);
  assert.ok(highAt(last, 0.5) < 2 ** 51);
});
