import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodLayout } from './pod-layout.ts';

test('a network of each family is divided alike', () => {
  const layout = new PodLayout(['10.244.0.0/16', 'fd00:244::/48'], 8);
  assert.equal(layout.count, 256);
  assert.deepEqual(layout.rangesOf(0), ['10.244.0.0/24', 'fd00:244::/56']);
  assert.deepEqual(layout.rangesOf(255), ['10.244.255.0/24', 'fd00:244:0:ff00::/56']);
});

test('a part is found by its first range, and by nothing else', () => {
  const layout = new PodLayout(['10.244.0.0/16'], 8);
  for (const index of [0, 3, 255])
    assert.equal(layout.indexOf(layout.rangesOf(index)[0] ?? ''), index);
  for (const range of ['10.244.3.0/25', '10.244.3.1/24', '10.245.0.0/24', 'fd00::/56', 'x']) {
    assert.equal(layout.indexOf(range), undefined, range);
  }
});

test('what leaves no room for pods, or is no network, is refused', () => {
  for (const [networks, bits] of [
    [['10.244.0.0/24'], 7],
    [['10.244.0.0/16', '10.245.0.0/16'], 8],
    [['10.244.0.0'], 8],
    [[], 8],
    [['fd00::/48'], 17],
  ] as const) {
    assert.throws(() => new PodLayout(networks, bits), { code: 'POD_NETWORK_INVALID' });
  }
});
