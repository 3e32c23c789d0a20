import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAge, formatBytes, formatPath, formatRtt } from './format.ts';

test('sizes, ages and round trips are short', () => {
  assert.equal(formatBytes(512), '512 B');
  assert.equal(formatBytes(1536), '1.5 KiB');
  assert.equal(formatBytes(3 * 1024 ** 4), '3.0 TiB');
  assert.equal(formatAge(61.7), '61 s');
  assert.equal(formatAge(600), '10 min');
  assert.equal(formatAge(9000), '2 h');
  assert.equal(formatAge(1_000_000), '11 d');
  assert.equal(formatRtt(0.4119), '0.412 ms');
  assert.equal(formatRtt(123.44), '123.4 ms');
  assert.equal(formatRtt(null), '–');
});

test('a path says how it goes and between what', () => {
  const none = {
    kind: 'none',
    local: null,
    remote: null,
    via: [],
    rttMs: null,
    mtu: null,
  } as const;
  assert.equal(formatPath(none), 'none');
  assert.equal(
    formatPath({ ...none, kind: 'turn', local: 'a:1', remote: 'b:2', via: ['c:3'] }),
    'turn a:1 → b:2 by c:3',
  );
});
