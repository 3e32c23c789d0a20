import { createHash } from 'node:crypto';
import type { NoiseCipher } from './noise-cipher.ts';

/** SHA-256's output length in bytes, HASHLEN in the Noise specification. */
export const HASH_BYTES = 32;

const EMPTY = new Uint8Array(0);

/** SHA-256 of the parts, joined. */
export function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** SHA-256's block length in bytes (RFC 2104 calls it B). */
const BLOCK_BYTES = 64;

/**
 * HMAC-SHA-256 (RFC 2104 §2) of the parts, joined. Spelt out on the hash because `createHmac` sets up
 * an OpenSSL context at 16 µs a time, and a handshake takes some thirty; this is 4 µs.
 */
export function hmacSha256(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const short = key.length > BLOCK_BYTES ? sha256(key) : key;
  const inner = new Uint8Array(BLOCK_BYTES).fill(0x36);
  const outer = new Uint8Array(BLOCK_BYTES).fill(0x5c);
  short.forEach((byte, index) => {
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  });
  return sha256(outer, sha256(inner, ...parts));
}

/**
 * The SymmetricState of the Noise specification (revision 34, §5.2) with SHA-256: a chaining key that
 * drinks every shared secret and a transcript hash that drinks every byte sent, so that the two ends
 * hold the same keys only when they saw the same conversation.
 */
export class SymmetricState {
  readonly #cipher: NoiseCipher;
  #chainingKey: Uint8Array;
  #hash: Uint8Array;
  #key: Uint8Array | undefined;
  #nonce = 0n;

  private constructor(cipher: NoiseCipher, chainingKey: Uint8Array, hash: Uint8Array) {
    this.#cipher = cipher;
    this.#chainingKey = chainingKey;
    this.#hash = hash;
  }

  /** InitializeSymmetric: `protocolName` such as `Noise_IKpsk2_25519_ChaChaPoly_SHA256`. */
  static begin(cipher: NoiseCipher, protocolName: string): SymmetricState {
    const name = new TextEncoder().encode(protocolName);
    const hash = name.length <= HASH_BYTES ? new Uint8Array(HASH_BYTES) : sha256(name);
    if (name.length <= HASH_BYTES) hash.set(name);
    return new SymmetricState(cipher, hash, hash);
  }

  /** A copy that goes its own way: a message that turns out forged must not spoil the original. */
  clone(): SymmetricState {
    const copy = new SymmetricState(this.#cipher, this.#chainingKey, this.#hash);
    copy.#key = this.#key;
    copy.#nonce = this.#nonce;
    return copy;
  }

  /** Hash of everything so far (§11.2, channel binding), 32 bytes. */
  get handshakeHash(): Uint8Array {
    return this.#hash;
  }

  mixHash(bytes: Uint8Array): void {
    this.#hash = sha256(this.#hash, bytes);
  }

  mixKey(secret: Uint8Array): void {
    const [chainingKey, key] = this.#derive(secret);
    this.#chainingKey = chainingKey;
    this.#rekey(key);
  }

  mixKeyAndHash(secret: Uint8Array): void {
    const [chainingKey, hash, key] = this.#derive(secret);
    this.#chainingKey = chainingKey;
    this.mixHash(hash);
    this.#rekey(key);
  }

  /** Seals `plaintext` bound to the transcript; passes it through while there is no key yet. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed =
      this.#key === undefined
        ? plaintext
        : this.#cipher.seal(this.#key, this.#nonce++, this.#hash, plaintext);
    this.mixHash(sealed);
    return sealed;
  }

  /** @throws EvioError `DECRYPT_FAILED`; this state is spoilt then, see {@link clone}. */
  decryptAndHash(sealed: Uint8Array): Uint8Array {
    const plaintext =
      this.#key === undefined
        ? sealed
        : this.#cipher.open(this.#key, this.#nonce++, this.#hash, sealed);
    this.mixHash(sealed);
    return plaintext;
  }

  /** The two transport keys of 32 bytes: initiator to responder, responder to initiator. */
  split(): [Uint8Array, Uint8Array] {
    const [first, second] = this.#derive(EMPTY);
    return [first, second];
  }

  #rekey(key: Uint8Array): void {
    this.#key = key;
    this.#nonce = 0n;
  }

  /** HKDF of §4.3, always with its three outputs. */
  #derive(secret: Uint8Array): [Uint8Array, Uint8Array, Uint8Array] {
    const root = hmacSha256(this.#chainingKey, secret);
    const first = hmacSha256(root, Uint8Array.of(1));
    const second = hmacSha256(root, first, Uint8Array.of(2));
    return [first, second, hmacSha256(root, second, Uint8Array.of(3))];
  }
}
