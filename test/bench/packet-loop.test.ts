import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePacketLoop } from './packet-loop.ts';

test('a rate is what came back by the time that it took', () => {
  assert.deepEqual(parsePacketLoop('50000 12 500000000\n'), {
    perSecond: 100_000,
    returned: 50_000,
    lost: 12,
  });
});

test('what is no count is refused', () => {
  for (const line of ['', 'ready', '1 2', '1 2 -3', '1 2 0', 'a b c']) {
    assert.throws(() => parsePacketLoop(line), /expected "RETURNED LOST NANOSECONDS"/);
  }
});
