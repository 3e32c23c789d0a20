import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@evio/types';
import fc from 'fast-check';
import { inIdOrder } from './id-order.ts';
import { comparePoints, RingPoints } from './ring-point.ts';

const points = new RingPoints();
/** Ids that are the same, that begin with the same 32 bits, or that have nothing in common. */
const arbitraryPoint = fc
  .tuple(fc.constantFrom('0', '7', 'f'), fc.constantFrom('0', '7', 'f'), fc.nat({ max: 15 }))
  .map(([a, b, c]) => points.intern(`${a.repeat(8)}${b.repeat(23)}${c.toString(16)}` as NodeId));

test('items are in id order, and those of one id in the order they had', () => {
  fc.assert(
    fc.property(fc.array(arbitraryPoint), chosen => {
      const items = chosen.map((point, index) => ({ point, index }));
      const expected = items.toSorted((a, b) => comparePoints(a.point, b.point));
      assert.deepEqual(inIdOrder(items), expected);
    }),
  );
});
