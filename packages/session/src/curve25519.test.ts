import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import nacl from 'tweetnacl';
import { agree, agreementKey, sign, signingKey, verify } from './curve25519.ts';

test('OpenSSL and tweetnacl agree on X25519 keys and shared secrets', () => {
  for (let round = 0; round < 5; round++) {
    const secret = new Uint8Array(randomBytes(32));
    const peer = nacl.box.keyPair();
    const own = agreementKey(secret);
    assert.deepEqual(own.publicKey, nacl.scalarMult.base(secret));
    assert.deepEqual(agree(own, peer.publicKey), nacl.scalarMult(secret, peer.publicKey));
  }
});

test('X25519 answers as RFC 7748 §5.2 says', () => {
  const own = agreementKey(
    new Uint8Array(
      Buffer.from('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4', 'hex'),
    ),
  );
  const point = Buffer.from(
    'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
    'hex',
  );
  assert.equal(
    Buffer.from(agree(own, new Uint8Array(point))).toString('hex'),
    'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  );
});

test("tweetnacl's signatures verify, altered ones do not", () => {
  const key = signingKey(new Uint8Array(randomBytes(32)));
  const message = new Uint8Array(randomBytes(100));
  const signature = sign(message, key);
  assert.ok(nacl.sign.detached.verify(message, signature, key.publicKey));
  assert.ok(verify(message, signature, key.publicKey));
  for (const bytes of [message, signature]) {
    bytes[7] = (bytes[7] ?? 0) ^ 1;
    assert.ok(!verify(message, signature, key.publicKey));
    bytes[7] ^= 1;
  }
  assert.ok(!verify(message, signature.subarray(1), key.publicKey));
  assert.ok(!verify(message, signature, new Uint8Array(32).fill(0xff)));
});

test('a key of another length or of small order is refused', () => {
  const own = agreementKey(new Uint8Array(randomBytes(32)));
  assert.throws(() => agree(own, new Uint8Array(31)), { code: 'KEY_LENGTH' });
  assert.throws(() => agree(own, new Uint8Array(32)), { code: 'KEY_WEAK' });
  assert.throws(() => agreementKey(new Uint8Array(33)), { code: 'KEY_LENGTH' });
});
