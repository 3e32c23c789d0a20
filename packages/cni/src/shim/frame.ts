import type { CniAnswer, CniRequest } from '../plugin/cni-plugin.ts';

/**
 * The bytes between shim and agent; their table is in `native/frame.h`, the shim's end. A deletion
 * that waits on disk is a request as well.
 */

const MAGIC = Buffer.from('EVC1');
const HEADER_BYTES = 12;
/** As in the shim, and a little for the environment. */
const MOST_BYTES = 1024 * 1024 + 64 * 1024;

/** Puts a request together from however many pieces it arrives in. */
export class RequestReader {
  #bytes = Buffer.alloc(0);

  /** @returns the request once it is whole; `'invalid'` when these bytes become none. */
  take(piece: Uint8Array): CniRequest | 'invalid' | undefined {
    this.#bytes = Buffer.concat([this.#bytes, piece]);
    const seen = this.#bytes.subarray(0, MAGIC.length);
    if (!seen.equals(MAGIC.subarray(0, seen.length))) return 'invalid';
    if (this.#bytes.length < HEADER_BYTES) return undefined;
    const environment = this.#bytes.readUInt32BE(4);
    const total = HEADER_BYTES + environment + this.#bytes.readUInt32BE(8);
    if (total > MOST_BYTES || this.#bytes.length > total) return 'invalid';
    if (this.#bytes.length < total) return undefined;
    return {
      environment: parseEnvironment(
        this.#bytes.toString('utf8', HEADER_BYTES, HEADER_BYTES + environment),
      ),
      input: this.#bytes.toString('utf8', HEADER_BYTES + environment),
    };
  }
}

/** Reads a request that is there as a whole; undefined when it is none. */
export function decodeRequest(bytes: Uint8Array): CniRequest | undefined {
  const request = new RequestReader().take(bytes);
  return request === 'invalid' ? undefined : request;
}

/** What the shim writes; for tests, and for callers without a shim. */
export function encodeRequest({ environment, input }: CniRequest): Uint8Array {
  const entries = Buffer.from([...environment].map(([key, value]) => `${key}=${value}\0`).join(''));
  const text = Buffer.from(input);
  return Buffer.concat([MAGIC, word(entries.length), word(text.length), entries, text]);
}

export function encodeAnswer({ status, output }: CniAnswer): Uint8Array {
  const text = Buffer.from(output);
  return Buffer.concat([MAGIC, word(status), word(text.length), text]);
}

function word(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function parseEnvironment(text: string): Map<string, string> {
  const environment = new Map<string, string>();
  for (const entry of text.split('\0')) {
    const equals = entry.indexOf('=');
    if (equals > 0) environment.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  return environment;
}
