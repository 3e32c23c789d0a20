import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rowWindow, scrollTo } from './row-window.ts';

const ROW = 30;
const sizes = fc.record({ rows: fc.nat(2_000), height: fc.nat(2_000), top: fc.integer() });

test('every row in view is drawn, and few others', () => {
  fc.assert(
    fc.property(sizes, ({ rows, height, top }) => {
      const { first, end } = rowWindow(rows, top, height, ROW);
      assert.ok(0 <= first && end <= rows);
      assert.ok(end - first <= height / ROW + 14);
      for (let row = 0; row < rows; row += 1) {
        const visible = row * ROW < top + height && (row + 1) * ROW > top && top >= 0;
        if (visible) assert.ok(first <= row && row < end, `row ${row}`);
      }
    }),
  );
});

test('a row is scrolled into view by as little as it takes', () => {
  assert.equal(scrollTo(0, 95, 300, ROW), 0);
  assert.equal(scrollTo(5, 95, 300, ROW), 95);
  assert.equal(scrollTo(13, 95, 300, ROW), 120);
});
