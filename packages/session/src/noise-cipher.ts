import { createCipheriv, createDecipheriv } from 'node:crypto';
import { EvioError } from '@evio/types';

/** Bytes that sealing adds. */
export const TAG_BYTES = 16;

/** An AEAD as the Noise specification names it (revision 34, §12.3 and §12.4). */
export type NoiseCipherName = 'ChaChaPoly' | 'AESGCM';

/** A Noise cipher function: ENCRYPT and DECRYPT of §4.2, with a 64-bit nonce. */
export interface NoiseCipher {
  readonly name: NoiseCipherName;
  /** Ciphertext followed by the 16-byte tag. */
  seal(key: Uint8Array, nonce: bigint, ad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** @throws EvioError `DECRYPT_FAILED` when the tag is not that of the rest. */
  open(key: Uint8Array, nonce: bigint, ad: Uint8Array, sealed: Uint8Array): Uint8Array;
}

/** ChaCha20-Poly1305 (RFC 8439); the nonce is four zero bytes and the counter little-endian. */
export const CHACHA_POLY: NoiseCipher = aead('ChaChaPoly', 'chacha20-poly1305', nonce => {
  const iv = new Uint8Array(12);
  new DataView(iv.buffer).setBigUint64(4, nonce, true);
  return iv;
});

/** AES-256-GCM; the nonce is four zero bytes and the counter big-endian. */
export const AES_GCM: NoiseCipher = aead('AESGCM', 'aes-256-gcm', nonce => {
  const iv = new Uint8Array(12);
  new DataView(iv.buffer).setBigUint64(4, nonce);
  return iv;
});

function aead(
  name: NoiseCipherName,
  algorithm: 'chacha20-poly1305' | 'aes-256-gcm',
  ivOf: (nonce: bigint) => Uint8Array,
): NoiseCipher {
  const options = { authTagLength: TAG_BYTES };
  return {
    name,
    seal(key, nonce, ad, plaintext) {
      // The two overloads of createCipheriv differ only in names, hence the cast to one of them.
      const cipher = createCipheriv(algorithm as 'aes-256-gcm', key, ivOf(nonce), options);
      cipher.setAAD(ad);
      const body = cipher.update(plaintext);
      return new Uint8Array(Buffer.concat([body, cipher.final(), cipher.getAuthTag()]));
    },
    open(key, nonce, ad, sealed) {
      if (sealed.length < TAG_BYTES) {
        throw new EvioError('DECRYPT_FAILED', `expected at least ${TAG_BYTES} bytes to open`);
      }
      const split = sealed.length - TAG_BYTES;
      const decipher = createDecipheriv(algorithm as 'aes-256-gcm', key, ivOf(nonce), options);
      decipher.setAAD(ad);
      decipher.setAuthTag(sealed.subarray(split));
      const body = decipher.update(sealed.subarray(0, split));
      try {
        return new Uint8Array(Buffer.concat([body, decipher.final()]));
      } catch (cause) {
        throw new EvioError('DECRYPT_FAILED', 'the authentication tag does not match', { cause });
      }
    },
  };
}
