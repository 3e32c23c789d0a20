import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareNodeIds,
  formatMac,
  nodeIdBytes,
  nodeIdFromBytes,
  parseMac,
  parseNodeId,
} from './index.ts';

test('a node id survives the way through bytes', () => {
  const id = parseNodeId('00112233445566778899aabbccddeeff');
  assert.equal(nodeIdFromBytes(nodeIdBytes(id)), id);
});

test('a node id of another length or case is refused', () => {
  for (const text of ['', 'ff', '00112233445566778899AABBCCDDEEFF', `${'0'.repeat(31)}g`]) {
    assert.throws(() => parseNodeId(text), { code: 'NODE_ID_INVALID' });
  }
  assert.throws(() => nodeIdFromBytes(new Uint8Array(15)), { code: 'NODE_ID_INVALID' });
});

test('ids order as their bytes do', () => {
  const low = parseNodeId(`0${'f'.repeat(31)}`);
  const high = parseNodeId(`1${'0'.repeat(31)}`);
  assert.ok(compareNodeIds(low, high) < 0);
  assert.ok(compareNodeIds(high, low) > 0);
  assert.equal(compareNodeIds(low, low), 0);
});

test('a MAC is written in lower case', () => {
  assert.equal(parseMac('02:00:5E:10:00:01'), '02:00:5e:10:00:01');
  assert.equal(formatMac(Uint8Array.of(2, 0, 0x5e, 16, 0, 1)), '02:00:5e:10:00:01');
  assert.throws(() => parseMac('02:00:5e:10:00'), { code: 'MAC_INVALID' });
});
