import { EvioError } from '@evio/types';

/** A control message without a record fits a datagram at the smallest path MTU that is promised. */
export const MAX_MESSAGE_BYTES = 1100;
/** Most ids in one message, of each kind. */
export const MAX_LIST_ITEMS = 46;
export const MAX_WANTED = 64;
export const MAX_RECORD_BYTES = 2048;
/** Anti-entropy compares members in this many stretches of the ring (by the first byte of the id). */
export const BUCKETS = 256;
export const MAX_SUMMARY = 42;

/** Why the sender keeps the link; `none`: it does not need it. In the order of the wire. */
export const LINK_WISHES = ['none', 'on-demand', 'shortcut', 'static', 'successor'] as const;
export type LinkWish = (typeof LINK_WISHES)[number];

/** One entry of the sender's neighbour list. `id` is where its 16 bytes stand in the message. */
export interface ListedNeighbour {
  readonly idOffset: number;
  readonly leaf: boolean;
  readonly coordinate: number;
}

/** One member record on its way. */
export interface CarriedRecord {
  readonly idOffset: number;
  readonly sequence: number;
  readonly leaf: boolean;
  /** A death notice: the member is gone as of this sequence. */
  readonly dead: boolean;
  /** The receiver passes it on in the range up to (not including) this id; absent: it does not. */
  readonly endOffset?: number;
  readonly record: Uint8Array;
}

/** What a neighbour said. Ids are offsets into `view`, looked up by the receiver. */
export type ControlMessage =
  | {
      kind: 'neighbours';
      wish: LinkWish;
      leaf: boolean;
      /** Forget the list that is held; this begins it anew. */
      reset: boolean;
      /** The list's version after this message; with items it is one more than before. */
      version: number;
      coordinate: number;
      /** 0…1 */
      error: number;
      added: readonly ListedNeighbour[];
      removed: readonly { idOffset: number; failed: boolean }[];
    }
  | { kind: 'resend' }
  | { kind: 'members'; records: readonly CarriedRecord[] }
  | { kind: 'digest'; count: number; hash: number }
  | { kind: 'buckets'; hashes: readonly number[] }
  | {
      kind: 'summary';
      bucket: number;
      /** More of this bucket follows in another message: what is missing here is not missing. */
      partial: boolean;
      members: readonly { idOffset: number; sequence: number }[];
    }
  | { kind: 'want'; idOffsets: readonly number[] }
  | { kind: 'goodbye'; leaving: boolean };

/** First byte of a control message. */
export const KIND = {
  neighbours: 1,
  resend: 2,
  members: 3,
  digest: 4,
  buckets: 5,
  summary: 6,
  want: 7,
  goodbye: 8,
} as const;

/** Reads big-endian fields and never past the end. */
class Reader {
  readonly view: DataView;
  at = 0;

  constructor(view: DataView) {
    this.view = view;
  }

  /** The offset of the next `bytes` bytes, stepping over them. */
  take(bytes: number): number {
    const at = this.at;
    if (at + bytes > this.view.byteLength) {
      throw malformed(`expected ${bytes} bytes at ${at}, the message has ${this.view.byteLength}`);
    }
    this.at = at + bytes;
    return at;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2));
  }

  u32(): number {
    return this.view.getUint32(this.take(4));
  }

  u48(): number {
    return this.u16() * 2 ** 32 + this.u32();
  }

  count(most: number): number {
    const count = this.u8();
    if (count > most) throw malformed(`expected at most ${most} entries, got ${count}`);
    return count;
  }

  end(): void {
    const rest = this.view.byteLength - this.at;
    if (rest > 0) throw malformed(`${rest} bytes follow the message`);
  }
}

function malformed(message: string): EvioError {
  return new EvioError('CONTROL_MALFORMED', `control message: ${message}`);
}

/**
 * Reads a control message.
 *
 * @throws EvioError `CONTROL_MALFORMED` when it is not one; the caller counts and drops it.
 */
export function decodeControl(view: DataView): ControlMessage {
  const reader = new Reader(view);
  const message = read(reader);
  reader.end();
  return message;
}

function read(reader: Reader): ControlMessage {
  const kind = reader.u8();
  switch (kind) {
    case KIND.neighbours:
      return readNeighbours(reader);
    case KIND.resend:
      return { kind: 'resend' };
    case KIND.members:
      return { kind: 'members', records: times(reader.count(255), () => readRecord(reader)) };
    case KIND.digest:
      return { kind: 'digest', count: reader.u32(), hash: reader.u32() };
    case KIND.buckets:
      return { kind: 'buckets', hashes: times(BUCKETS, () => reader.u32()) };
    case KIND.summary: {
      const bucket = reader.u8();
      const partial = reader.u8() === 1;
      const members = times(reader.count(MAX_SUMMARY), () => ({
        idOffset: reader.take(16),
        sequence: reader.u48(),
      }));
      return { kind: 'summary', bucket, partial, members };
    }
    case KIND.want:
      return { kind: 'want', idOffsets: times(reader.count(MAX_WANTED), () => reader.take(16)) };
    case KIND.goodbye:
      return { kind: 'goodbye', leaving: reader.u8() === 1 };
    default:
      throw malformed(`kind ${kind} is unknown`);
  }
}

function readNeighbours(reader: Reader): ControlMessage {
  const wish = LINK_WISHES[reader.u8()];
  if (!wish) throw malformed('the link wish is unknown');
  const flags = reader.u8();
  const version = reader.u32();
  const coordinate = reader.u48();
  const error = reader.u8() / 255;
  const added = times(reader.count(MAX_LIST_ITEMS), () => {
    const idOffset = reader.take(16);
    return { idOffset, leaf: reader.u8() === 1, coordinate: reader.u48() };
  });
  const removed = times(reader.count(MAX_LIST_ITEMS), () => ({
    idOffset: reader.take(16),
    failed: reader.u8() === 1,
  }));
  return {
    kind: 'neighbours',
    wish,
    leaf: (flags & FLAG_LEAF) !== 0,
    reset: (flags & FLAG_RESET) !== 0,
    version,
    coordinate,
    error,
    added,
    removed,
  };
}

function readRecord(reader: Reader): CarriedRecord {
  const idOffset = reader.take(16);
  const sequence = reader.u48();
  const flags = reader.u8();
  const endOffset = flags & RECORD_RANGE ? reader.take(16) : undefined;
  const length = reader.u16();
  if (length > MAX_RECORD_BYTES) throw malformed(`a record of ${length} bytes is too long`);
  const at = reader.take(length);
  return {
    idOffset,
    sequence,
    leaf: (flags & RECORD_LEAF) !== 0,
    dead: (flags & RECORD_DEAD) !== 0,
    ...(endOffset !== undefined && { endOffset }),
    record: new Uint8Array(reader.view.buffer, reader.view.byteOffset + at, length),
  };
}

function times<T>(count: number, make: () => T): T[] {
  const made: T[] = [];
  for (let index = 0; index < count; index += 1) made.push(make());
  return made;
}

/** Flags of `neighbours`. */
export const FLAG_RESET = 1;
export const FLAG_LEAF = 2;
/** Flags of a carried record. */
export const RECORD_LEAF = 1;
export const RECORD_DEAD = 2;
export const RECORD_RANGE = 4;
