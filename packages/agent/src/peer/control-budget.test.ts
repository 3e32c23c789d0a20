import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlBudget, type ControlCost } from './control-budget.ts';

/** How many of `count` messages within `ms` are let through. */
function passed(budget: ControlBudget, from: number, ms: number, count: number, cost: ControlCost) {
  let through = 0;
  for (let index = 0; index < count; index += 1) {
    if (budget.take(from + (ms * index) / count, cost)) through += 1;
  }
  return through;
}

test('a burst is let through, a flood is cut down to the rate', () => {
  const budget = new ControlBudget();
  assert.equal(passed(budget, 0, 1, 1_024, 'plain'), 1_024);
  const through = passed(budget, 1, 10_000, 100_000, 'plain');
  assert.ok(through >= 2_550 && through <= 2_570, String(through));
});

test('what costs more is let through less often', () => {
  const budget = new ControlBudget();
  assert.equal(passed(budget, 0, 1, 1_000, 'costly'), 128);
});

test('the synchronisation of a large overlay is within the budget', () => {
  const budget = new ControlBudget();
  assert.equal(passed(budget, 0, 60_000, 60 * 200, 'plain'), 60 * 200);
});

test('silence gives no more than one burst', () => {
  const budget = new ControlBudget();
  budget.take(0, 'plain');
  assert.equal(passed(budget, 1e9, 1, 5_000, 'plain'), 1_024);
});
