import {
  FLAG_LEAF,
  FLAG_RESET,
  KIND,
  LINK_WISHES,
  type LinkWish,
  RECORD_DEAD,
  RECORD_LEAF,
  RECORD_RANGE,
} from './control-message.ts';
import type { RingPoint } from './ring-point.ts';

/** Appends big-endian fields to a buffer that grows. */
class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  #room(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    if (this.#at > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#at, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  reset(): this {
    this.#at = 0;
    return this;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value);
    return this;
  }

  u48(value: number): this {
    return this.u16(Math.floor(value / 2 ** 32)).u32(value % 2 ** 32);
  }

  point({ high, middle, low }: RingPoint): this {
    const at = this.#room(16);
    const view = this.#view;
    view.setUint32(at, Math.floor(high / 2 ** 20));
    view.setUint32(at + 4, (high % 2 ** 20) * 2 ** 12 + Math.floor(middle / 2 ** 40));
    view.setUint32(at + 8, Math.floor(middle / 2 ** 8) % 2 ** 32);
    view.setUint32(at + 12, (middle % 2 ** 8) * 2 ** 24 + low);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }
}

/** Nothing here is asynchronous: one buffer serves all messages of the process. */
const writer = new Writer();

export interface NeighboursFields {
  readonly leaf: boolean;
  readonly reset: boolean;
  readonly version: number;
  /** Packed. */
  readonly coordinate: number;
  readonly error: number;
  readonly added: readonly { point: RingPoint; leaf: boolean; coordinate: number }[];
  readonly removed: readonly { point: RingPoint; failed: boolean }[];
}

/** The neighbour list or a change of it, with the wish still to be set by {@link withWish}. */
export function encodeNeighbours(fields: NeighboursFields): Uint8Array {
  const { leaf, reset, version, coordinate, error, added, removed } = fields;
  writer
    .reset()
    .u8(KIND.neighbours)
    .u8(0)
    .u8((reset ? FLAG_RESET : 0) | (leaf ? FLAG_LEAF : 0))
    .u32(version)
    .u48(coordinate)
    .u8(Math.round(error * 255))
    .u8(added.length);
  for (const item of added) {
    writer
      .point(item.point)
      .u8(item.leaf ? 1 : 0)
      .u48(item.coordinate);
  }
  writer.u8(removed.length);
  for (const item of removed) writer.point(item.point).u8(item.failed ? 1 : 0);
  return writer.done();
}

/** The same message with what the sender wants of this one link. */
export function withWish(message: Uint8Array, wish: LinkWish): Uint8Array {
  const copy = message.slice();
  copy[1] = LINK_WISHES.indexOf(wish);
  return copy;
}

/** "Your list has a gap: send it anew." */
export function encodeResend(): Uint8Array {
  return writer.reset().u8(KIND.resend).done();
}

export interface RecordFields {
  readonly point: RingPoint;
  readonly sequence: number;
  readonly leaf: boolean;
  readonly dead: boolean;
  readonly end?: RingPoint;
  readonly record: Uint8Array;
}

/** Member records, at most 255. */
export function encodeMembers(records: readonly RecordFields[]): Uint8Array {
  writer.reset().u8(KIND.members).u8(records.length);
  for (const { point, sequence, leaf, dead, end, record } of records) {
    const flags = (leaf ? RECORD_LEAF : 0) | (dead ? RECORD_DEAD : 0) | (end ? RECORD_RANGE : 0);
    writer.point(point).u48(sequence).u8(flags);
    if (end) writer.point(end);
    writer.u16(record.length).bytes(record);
  }
  return writer.done();
}

export function encodeDigest(count: number, hash: number): Uint8Array {
  return writer.reset().u8(KIND.digest).u32(count).u32(hash).done();
}

export function encodeBuckets(hashes: readonly number[]): Uint8Array {
  writer.reset().u8(KIND.buckets);
  for (const hash of hashes) writer.u32(hash);
  return writer.done();
}

export function encodeSummary(
  bucket: number,
  partial: boolean,
  members: readonly { point: RingPoint; sequence: number }[],
): Uint8Array {
  writer
    .reset()
    .u8(KIND.summary)
    .u8(bucket)
    .u8(partial ? 1 : 0)
    .u8(members.length);
  for (const { point, sequence } of members) writer.point(point).u48(sequence);
  return writer.done();
}

/** Asks for records: 16 bytes of id each. */
export function encodeWant(ids: readonly Uint8Array[]): Uint8Array {
  writer.reset().u8(KIND.want).u8(ids.length);
  for (const id of ids) writer.bytes(id);
  return writer.done();
}

export function encodeGoodbye(leaving: boolean): Uint8Array {
  return writer
    .reset()
    .u8(KIND.goodbye)
    .u8(leaving ? 1 : 0)
    .done();
}
