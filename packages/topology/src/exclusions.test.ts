import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@evio/types';
import { Exclusions } from './exclusions.ts';
import { RingPoints } from './ring-point.ts';

const point = new RingPoints().intern('0123456789abcdef0123456789abcdef' as NodeId);

test('each failure in a row doubles the wait, up to five minutes', () => {
  const exclusions = new Exclusions();
  const waits: number[] = [];
  for (let failure = 0; failure < 10; failure += 1) {
    exclusions.failed(0, point, 2_000, 0.5);
    waits.push(exclusions.nextTimeout(0) ?? 0);
  }
  const doubled = [2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map(seconds => seconds * 1000);
  assert.deepEqual(waits, doubled);
  assert.ok(exclusions.has(299_999, point));
  assert.ok(!exclusions.has(300_000, point));
});

test('the jitter spreads a wait by a quarter', () => {
  const exclusions = new Exclusions();
  exclusions.failed(0, point, 1_000, 0);
  assert.ok(exclusions.has(749, point) && !exclusions.has(750, point));
});

test('a suspicion ends when a neighbour has the member, failures only when that is news', () => {
  const exclusions = new Exclusions();
  exclusions.suspect(0, point, 20_000);
  exclusions.vouched(point, false);
  assert.ok(!exclusions.has(0, point));
  exclusions.failed(0, point, 2_000, 0.5);
  exclusions.suspect(0, point, 20_000);
  exclusions.vouched(point, false);
  assert.ok(exclusions.has(19_000, point));
  exclusions.vouched(point, true);
  assert.ok(!exclusions.has(0, point));
});

test('what is long past is forgotten, with its failures', () => {
  const exclusions = new Exclusions();
  exclusions.failed(0, point, 2_000, 0.5);
  exclusions.sweep(600_000);
  assert.equal(exclusions.failures(point), 1);
  exclusions.sweep(603_000);
  assert.equal(exclusions.failures(point), 0);
});

test('a loss is told of for a minute, a refusal ends it', () => {
  const exclusions = new Exclusions();
  exclusions.suspect(1_000, point, 3_000);
  assert.equal(exclusions.lostSince(60_999, point), 1_000);
  assert.equal(exclusions.lostSince(61_000, point), undefined);
  exclusions.failed(2_000, point, 2_000, 0.5);
  assert.equal(exclusions.lostSince(3_000, point), 1_000);
  exclusions.refused(4_000, point, 20_000);
  assert.equal(exclusions.lostSince(4_000, point), undefined);
  assert.ok(exclusions.has(23_000, point));
});
