import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNodeId } from '@evio/types';
import { tapMac } from './tap-mac.ts';

const id = parseNodeId('00112233445566778899aabbccddeeff');

test('the MAC is the same each time, another in each overlay and on each node', () => {
  assert.equal(tapMac(id, 'edge'), tapMac(id, 'edge'));
  assert.notEqual(tapMac(id, 'edge'), tapMac(id, 'pods'));
  assert.notEqual(tapMac(id, 'edge'), tapMac(parseNodeId('f'.repeat(32)), 'edge'));
});

test('the MAC is unicast and locally administered', () => {
  for (let n = 0; n < 16; n += 1) {
    const first = Number.parseInt(tapMac(id, `overlay-${n}`).slice(0, 2), 16);
    assert.equal(first & 3, 2);
  }
});
