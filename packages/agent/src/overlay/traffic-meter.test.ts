import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNodeId } from '@evio/types';
import { TrafficMeter } from './traffic-meter.ts';

const ID = parseNodeId('00112233445566778899aabbccddeeff');

test('a rate is told while there is traffic, and once when it ends', () => {
  const meter = new TrafficMeter();
  assert.equal(meter.read(0, ID, 1_000_000), undefined);
  assert.equal(meter.read(1_000, ID, 1_050_000), 50_000);
  assert.equal(meter.read(1_500, ID, 1_100_000), 100_000);
  assert.equal(meter.read(2_500, ID, 1_100_000), 0);
  assert.equal(meter.read(3_500, ID, 1_100_100), undefined);
});

test('who was forgotten is new', () => {
  const meter = new TrafficMeter();
  meter.read(0, ID, 0);
  meter.forget(ID);
  assert.equal(meter.read(1_000, ID, 1_000_000), undefined);
});
