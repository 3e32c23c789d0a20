import { EvioError } from '@evio/types';

/** Reads a node record from its beginning; whatever is not there ends it with `RECORD_INVALID`. */
export class RecordReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw invalid(`expected ${end} bytes before the signature`);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  byte(): number {
    const [byte = 0] = this.take(1);
    return byte;
  }

  unsigned64(): bigint {
    return Buffer.from(this.take(8)).readBigUInt64BE();
  }

  unsigned16(): number {
    return Buffer.from(this.take(2)).readUInt16BE();
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }
}

/** A record that is not as it should be. */
export function invalid(message: string): EvioError {
  return new EvioError('RECORD_INVALID', `node record: ${message}`);
}
