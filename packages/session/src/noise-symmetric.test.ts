import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { hmacSha256 } from './noise-symmetric.ts';

test('HMAC is that of OpenSSL for keys of every length', () => {
  for (const length of [0, 1, 31, 32, 63, 64, 65, 200]) {
    const key = randomBytes(length);
    const [first, second] = [randomBytes(length), randomBytes(7)];
    const expected = createHmac('sha256', key).update(first).update(second).digest();
    assert.deepEqual(Buffer.from(hmacSha256(key, first, second)), expected);
  }
});
