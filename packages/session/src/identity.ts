import { EvioError, type NodeId, nodeIdFromBytes } from '@evio/types';
import {
  type AgreementKey,
  agreementKey,
  KEY_BYTES,
  type Random,
  type SigningKey,
  sign,
  signingKey,
} from './curve25519.ts';
import { readPrivateFile, writePrivateFile } from './durable-file.ts';
import { sha256 } from './noise-symmetric.ts';

/** Version of the file's form. */
const FORMAT = 1;

/** The node id that belongs to an Ed25519 public key: the first 16 bytes of its SHA-256. */
export function nodeIdOf(signPublic: Uint8Array): NodeId {
  return nodeIdFromBytes(sha256(signPublic).subarray(0, 16));
}

/**
 * Who this node is: an Ed25519 key that signs its records and gives it its id, and a separate X25519
 * key with which sessions are made.
 */
export class Identity {
  readonly nodeId: NodeId;
  /** The X25519 pair for Noise. Its secret never leaves this process. */
  readonly agreement: AgreementKey;
  readonly #signing: SigningKey;

  private constructor(signing: SigningKey, agreement: AgreementKey) {
    this.#signing = signing;
    this.agreement = agreement;
    this.nodeId = nodeIdOf(signing.publicKey);
  }

  /**
   * The identity that two secrets make.
   *
   * @param signSeed Ed25519 seed, 32 bytes. @param staticSecret X25519 secret, 32 other bytes.
   */
  static fromSecrets(signSeed: Uint8Array, staticSecret: Uint8Array): Identity {
    return new Identity(signingKey(signSeed), agreementKey(staticSecret));
  }

  /** A fresh identity, kept nowhere. */
  static create(random: Random): Identity {
    return Identity.fromSecrets(random(KEY_BYTES), random(KEY_BYTES));
  }

  /**
   * Reads the identity in `file`, or makes one and keeps it there with mode 0600. Two processes that
   * start at once end up with the same one.
   *
   * @throws EvioError `FILE_UNSAFE` when others could have read it, `IDENTITY_DAMAGED` when it is not
   * what this class wrote, `FILE_UNREADABLE` or `FILE_UNWRITABLE`.
   */
  static loadOrCreate(file: string, random: Random): Identity {
    const present = readPrivateFile(file);
    if (present !== undefined) return parse(file, present);

    const signSeed = random(KEY_BYTES);
    const staticSecret = random(KEY_BYTES);
    const identity = Identity.fromSecrets(signSeed, staticSecret);
    const content = {
      evioIdentity: FORMAT,
      nodeId: identity.nodeId,
      signSeed: base64(signSeed),
      staticSecret: base64(staticSecret),
      signPublic: base64(identity.signPublic),
      staticPublic: base64(identity.staticPublic),
    };
    if (writePrivateFile(file, `${JSON.stringify(content, undefined, 2)}\n`, true)) return identity;
    const theirs = readPrivateFile(file);
    if (theirs === undefined) throw damaged(file, 'it was there and is gone');
    return parse(file, theirs);
  }

  /** Ed25519 public key, 32 bytes. */
  get signPublic(): Uint8Array {
    return this.#signing.publicKey;
  }

  /** X25519 public key, 32 bytes. */
  get staticPublic(): Uint8Array {
    return this.agreement.publicKey;
  }

  /** Ed25519 signature, 64 bytes. Takes some milliseconds. */
  sign(message: Uint8Array): Uint8Array {
    return sign(message, this.#signing);
  }
}

function parse(file: string, content: string): Identity {
  let fields: unknown;
  try {
    fields = JSON.parse(content);
  } catch (cause) {
    throw damaged(file, 'it is not JSON', cause);
  }
  if (typeof fields !== 'object' || fields === null) throw damaged(file, 'it is not an object');
  const field = (name: string): unknown =>
    Object.entries(fields).find(([key]) => key === name)?.[1];
  if (field('evioIdentity') !== FORMAT) {
    throw damaged(file, `expected "evioIdentity": ${FORMAT}, got ${String(field('evioIdentity'))}`);
  }
  const key = (name: string): Uint8Array => {
    const value = field(name);
    const raw = typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.alloc(0);
    if (raw.length !== KEY_BYTES) throw damaged(file, `expected 32 bytes of base64 in "${name}"`);
    return new Uint8Array(raw);
  };
  const identity = Identity.fromSecrets(key('signSeed'), key('staticSecret'));
  const matches =
    Buffer.compare(identity.signPublic, key('signPublic')) === 0 &&
    Buffer.compare(identity.staticPublic, key('staticPublic')) === 0 &&
    identity.nodeId === field('nodeId');
  if (!matches) throw damaged(file, 'its public keys or node id are not those of its secrets');
  return identity;
}

function damaged(file: string, why: string, cause?: unknown): EvioError {
  return new EvioError(
    'IDENTITY_DAMAGED',
    `${file}: not an identity file: ${why}. Restore it from a copy; if you move it away, the node ` +
      'starts as a new one, which its peers refuse until they forget the old key',
    { cause },
  );
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
