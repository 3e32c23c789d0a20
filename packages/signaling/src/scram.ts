import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { EvioError } from '@evio/types';
import { saslprep } from './saslprep.ts';

export type ScramHash = 'sha256' | 'sha1';

/** RFC 7677 §4 asks for at least so many rounds; more than the other would only burn our time. */
const MIN_ITERATIONS = 4096;
const MAX_ITERATIONS = 1_000_000;

const derive = promisify(pbkdf2);

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));
}

function bad(message: string): EvioError {
  return new EvioError('SERVER_NOT_AUTHENTICATED', `SCRAM: ${message}`);
}

/**
 * The client's side of SCRAM (RFC 5802, RFC 7677), without channel binding:
 *
 *   1. {@link first} → `<auth/>`
 *   2. `<challenge/>` → {@link final} → `<response/>`
 *   3. `<success/>` → {@link verify}: the server proves that it knows the password's hash, too.
 *
 * A login is not complete before {@link verified}.
 */
export class ScramClient {
  readonly #hash: ScramHash;
  readonly #password: string;
  readonly #firstBare: string;
  readonly #nonce: string;
  #expected: Buffer | undefined;
  #verified = false;

  /** @param nonce printable, without comma; unpredictable */
  constructor(hash: ScramHash, username: string, password: string, nonce: string) {
    this.#hash = hash;
    this.#password = saslprep(password);
    this.#nonce = nonce;
    const name = saslprep(username).replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#firstBare = `n=${name},r=${nonce}`;
  }

  get verified(): boolean {
    return this.#verified;
  }

  first(): string {
    return `n,,${this.#firstBare}`;
  }

  /**
   * @param serverFirst `r=…,s=…,i=…`
   * @throws EvioError `SERVER_NOT_AUTHENTICATED`
   */
  async final(serverFirst: string): Promise<string> {
    const match = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([1-9]\d{0,8})(?:,.*)?$/.exec(
      serverFirst,
    );
    const [, nonce = '', salt = '', rounds = ''] = match ?? [];
    if (match === null || this.#expected !== undefined) throw bad('the challenge is malformed');
    if (!nonce.startsWith(this.#nonce) || nonce.length <= this.#nonce.length) {
      throw bad('the server did not extend our nonce');
    }
    const iterations = Number(rounds);
    if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
      throw bad(`expected ${MIN_ITERATIONS} to ${MAX_ITERATIONS} iterations, got ${rounds}`);
    }
    const size = this.#hash === 'sha256' ? 32 : 20;
    const saltBytes = Buffer.from(salt, 'base64');
    const salted = await derive(this.#password, saltBytes, iterations, size, this.#hash);
    const hmac = (key: Buffer, text: string) =>
      createHmac(this.#hash, key).update(text, 'utf8').digest();
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const withoutProof = `c=biws,r=${nonce}`;
    const authMessage = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const proof = xor(clientKey, hmac(storedKey, authMessage)).toString('base64');
    this.#expected = hmac(hmac(salted, 'Server Key'), authMessage);
    return `${withoutProof},p=${proof}`;
  }

  /**
   * @param serverFinal `v=…`
   * @throws EvioError `SERVER_NOT_AUTHENTICATED` when the signature is not the expected one
   */
  verify(serverFinal: string): void {
    const signature = Buffer.from(/^v=([A-Za-z0-9+/=]+)/.exec(serverFinal)?.[1] ?? '', 'base64');
    const expected = this.#expected;
    if (
      expected === undefined ||
      signature.length !== expected.length ||
      !timingSafeEqual(signature, expected)
    ) {
      throw bad('the server does not know the password (its signature is wrong)');
    }
    this.#verified = true;
  }
}
