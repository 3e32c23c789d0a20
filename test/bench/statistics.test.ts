import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { median, rounded } from './statistics.ts';

test('the median is the middle value, or the mean of the two in the middle', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(median([10, 9]), 9.5);
  assert.equal(median([7]), 7);
  assert.ok(Number.isNaN(median([])));
});

test('as many values are above the median as are below, in any order', () => {
  const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(values, list => {
      const middle = median(list);
      const above = list.filter(value => value > middle).length;
      const below = list.filter(value => value < middle).length;
      assert.ok(above <= list.length / 2 && below <= list.length / 2);
      assert.equal(median([...list].reverse()), middle);
    }),
  );
});

test('four digits are kept', () => {
  assert.equal(rounded(1234.56), 1235);
  assert.equal(rounded(0.00123456), 0.001235);
  assert.equal(rounded(0), 0);
});
