import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lossRules } from './condition.ts';

test('a share of the packets of either side is lost, by chance', () => {
  const rules = lossRules(0.1);
  assert.match(rules, /device "port1"[^}]*numgen random mod 1000000 < 1000 drop;/);
  assert.match(rules, /device "port2"[^}]*numgen random mod 1000000 < 1000 drop;/);
  assert.match(lossRules(1), /< 10000 drop/);
});

test('without loss there are no rules, and those of before are gone', () => {
  assert.equal(lossRules(0), 'table netdev loss\ndelete table netdev loss\n');
});
