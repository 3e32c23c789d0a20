import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { agreementKey } from './curve25519.ts';
import { AES_GCM, CHACHA_POLY } from './noise-cipher.ts';
import { NoiseInitiator, NoiseResponder } from './noise-ikpsk2.ts';

interface VectorFile {
  shared: Record<
    | 'prologue'
    | 'psk'
    | 'init_static'
    | 'init_ephemeral'
    | 'init_remote_static'
    | 'resp_static'
    | 'resp_ephemeral',
    string
  > & { payloads: string[] };
  vectors: { name: string; handshake_hash?: string; ciphertexts: string[] }[];
}

const { shared, vectors } = JSON.parse(
  readFileSync(new URL('./noise-vectors.json', import.meta.url), 'utf8'),
) as VectorFile;
const bytes = (hex: string | undefined) => {
  assert.ok(hex !== undefined);
  return new Uint8Array(Buffer.from(hex, 'hex'));
};
const hex = (raw: Uint8Array) => Buffer.from(raw).toString('hex');

const initiatorStatic = agreementKey(bytes(shared.init_static));
const responderStatic = agreementKey(bytes(shared.resp_static));
const psk = bytes(shared.psk);

for (const vector of vectors) {
  test(`the published vector of ${vector.name} comes out byte for byte`, () => {
    const cipher = vector.name.includes('AESGCM') ? AES_GCM : CHACHA_POLY;
    const setup = { cipher, prologue: bytes(shared.prologue) };
    assert.equal(hex(responderStatic.publicKey), shared.init_remote_static);

    const first = NoiseInitiator.start(
      setup,
      initiatorStatic,
      responderStatic.publicKey,
      agreementKey(bytes(shared.init_ephemeral)),
      bytes(shared.payloads[0]),
    );
    assert.equal(hex(first.message), vector.ciphertexts[0]);

    const responder = NoiseResponder.open(setup, responderStatic, first.message);
    assert.deepEqual(responder.initiator, initiatorStatic.publicKey);
    const opened = responder.authenticate();
    assert.equal(hex(opened.payload), shared.payloads[0]);
    const second = opened.answer(
      agreementKey(bytes(shared.resp_ephemeral)),
      psk,
      bytes(shared.payloads[1]),
    );
    assert.equal(hex(second.message), vector.ciphertexts[1]);

    const finished = first.initiator.finish(second.message, psk);
    assert.equal(hex(finished.payload), shared.payloads[1]);
    const { sendKey, receiveKey, handshakeHash } = finished.result;
    assert.deepEqual(sendKey, second.result.receiveKey);
    assert.deepEqual(receiveKey, second.result.sendKey);
    assert.deepEqual(handshakeHash, second.result.handshakeHash);
    if (vector.handshake_hash !== undefined)
      assert.equal(hex(handshakeHash), vector.handshake_hash);

    // Transport messages of the vector alternate, beginning with the initiator.
    for (let index = 2; index < vector.ciphertexts.length; index++) {
      const key = index % 2 === 0 ? sendKey : receiveKey;
      const nonce = BigInt((index - 2) >> 1);
      const sealed = cipher.seal(key, nonce, new Uint8Array(0), bytes(shared.payloads[index]));
      assert.equal(hex(sealed), vector.ciphertexts[index]);
    }
  });
}

test('another prologue, psk or responder key makes the handshake fail', () => {
  const setup = { cipher: CHACHA_POLY, prologue: bytes('01') };
  const ephemeral = () => agreementKey(bytes(shared.init_ephemeral));
  const none = new Uint8Array(0);
  const start = () =>
    NoiseInitiator.start(setup, initiatorStatic, responderStatic.publicKey, ephemeral(), none);

  const other = { cipher: CHACHA_POLY, prologue: bytes('02') };
  assert.throws(() => NoiseResponder.open(other, responderStatic, start().message), {
    code: 'DECRYPT_FAILED',
  });
  assert.throws(() => NoiseResponder.open(setup, initiatorStatic, start().message), {
    code: 'DECRYPT_FAILED',
  });
  const { message, initiator } = start();
  const { answer } = NoiseResponder.open(setup, responderStatic, message).authenticate();
  const second = answer(agreementKey(bytes(shared.resp_ephemeral)), psk, none);
  assert.throws(() => initiator.finish(second.message, new Uint8Array(32)), {
    code: 'DECRYPT_FAILED',
  });
  initiator.finish(second.message, psk); // the failure before left nothing behind
});

test('an initiator that does not hold the static key it shows is found out', () => {
  const setup = { cipher: CHACHA_POLY, prologue: bytes('') };
  const thief = { ...initiatorStatic, secret: agreementKey(bytes(shared.resp_ephemeral)).secret };
  const { message } = NoiseInitiator.start(
    setup,
    thief,
    responderStatic.publicKey,
    agreementKey(bytes(shared.init_ephemeral)),
    new Uint8Array(0),
  );
  const responder = NoiseResponder.open(setup, responderStatic, message);
  assert.throws(() => responder.authenticate(), { code: 'DECRYPT_FAILED' });
});

test('a point of small order is refused', () => {
  const setup = { cipher: CHACHA_POLY, prologue: bytes('') };
  assert.throws(() => NoiseResponder.open(setup, responderStatic, new Uint8Array(200)), {
    code: 'KEY_WEAK',
  });
});
