import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  verify as verifySignature,
} from 'node:crypto';
import { EvioError } from '@evio/types';
import nacl from 'tweetnacl';

/*
 * Which library does what, and why (measured on Node 24, one core of a test machine):
 *
 *   operation            tweetnacl   node:crypto
 *   X25519 agreement       516 µs        43 µs   (+27 µs to import the peer's key)
 *   Ed25519 verify       9,455 µs       205 µs
 *
 * Keys are made and records are signed by tweetnacl (once per start). What a stranger's datagram or
 * stanza can make us do, agreement and verification, runs in OpenSSL, so that a flood costs 10 to 40
 * times less of the one JavaScript thread. The tests hold both implementations against each other.
 */

/** Length in bytes of every X25519 and Ed25519 key, public or secret seed. */
export const KEY_BYTES = 32;

/** Length of an Ed25519 signature in bytes. */
export const SIGNATURE_BYTES = 64;

/** Source of secret bytes: returns `bytes` fresh, unpredictable ones. */
export type Random = (bytes: number) => Uint8Array;

// The fixed DER that stands before a raw 32-byte key (RFC 8410 §4 and §7).
const X25519_PRIVATE_DER = Buffer.from('302e020100300506032b656e04220420', 'hex');
const X25519_PUBLIC_DER = Buffer.from('302a300506032b656e032100', 'hex');
const ED25519_PUBLIC_DER = Buffer.from('302a300506032b6570032100', 'hex');

/** An X25519 key pair, imported once so that each agreement costs only the agreement. */
export interface AgreementKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The secret, inside OpenSSL. */
  readonly secret: KeyObject;
}

/**
 * An X25519 key pair from its 32 secret bytes.
 *
 * @throws EvioError `KEY_LENGTH` when there are not 32.
 */
export function agreementKey(secret: Uint8Array): AgreementKey {
  expectKeyBytes(secret);
  const imported = createPrivateKey({
    key: Buffer.concat([X25519_PRIVATE_DER, secret]),
    format: 'der',
    type: 'pkcs8',
  });
  // RFC 8037 §2: "x" is the public key. Cheaper than a second key object by 75 µs.
  const { x = '' } = imported.export({ format: 'jwk' });
  return { publicKey: new Uint8Array(Buffer.from(x, 'base64url')), secret: imported };
}

/**
 * X25519 (RFC 7748 §5): the 32 bytes that the owner of `own` and the owner of `peerPublic` share.
 *
 * @throws EvioError `KEY_WEAK` when `peerPublic` is a point of small order (the result would be zero,
 * whoever asks), `KEY_LENGTH` when it is not 32 bytes.
 */
export function agree(own: AgreementKey, peerPublic: Uint8Array): Uint8Array {
  expectKeyBytes(peerPublic);
  try {
    const publicKey = createPublicKey({
      key: Buffer.concat([X25519_PUBLIC_DER, peerPublic]),
      format: 'der',
      type: 'spki',
    });
    return new Uint8Array(diffieHellman({ privateKey: own.secret, publicKey }));
  } catch (cause) {
    throw new EvioError('KEY_WEAK', 'expected an X25519 key of full order', { cause });
  }
}

/** An Ed25519 key pair. `secret` is the 64-byte form (seed then public key). */
export interface SigningKey {
  readonly publicKey: Uint8Array;
  readonly secret: Uint8Array;
}

/** An Ed25519 key pair from its 32-byte seed (RFC 8032 §5.1.5). */
export function signingKey(seed: Uint8Array): SigningKey {
  expectKeyBytes(seed);
  const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(seed);
  return { publicKey, secret: secretKey };
}

/** The 64-byte Ed25519 signature of `message`. */
export function sign(message: Uint8Array, key: SigningKey): Uint8Array {
  return nacl.sign.detached(message, key.secret);
}

/** Whether `signature` is `publicKey`'s over `message`. Never throws for what a peer sent. */
export function verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || publicKey.length !== KEY_BYTES) return false;
  try {
    const key = createPublicKey({
      key: Buffer.concat([ED25519_PUBLIC_DER, publicKey]),
      format: 'der',
      type: 'spki',
    });
    return verifySignature(null, message, key, signature);
  } catch {
    return false; // not a point of the curve: OpenSSL says so by throwing
  }
}

function expectKeyBytes(key: Uint8Array): void {
  if (key.length !== KEY_BYTES) {
    throw new EvioError('KEY_LENGTH', `expected a key of ${KEY_BYTES} bytes, got ${key.length}`);
  }
}
