import type { NodeId } from '@evio/types';
import {
  type ControlMessage,
  MAX_MESSAGE_BYTES,
  MAX_SUMMARY,
  MAX_WANTED,
} from './control-message.ts';
import {
  encodeBuckets,
  encodeDigest,
  encodeMembers,
  encodeSummary,
  encodeWant,
  type RecordFields,
} from './control-writer.ts';
import type { Links } from './links.ts';
import type { MemberEntry } from './member-directory.ts';
import { bucketHashes, bucketOf, totalHash } from './member-hash.ts';
import type { RingPoint } from './ring-point.ts';

export type Comparison = Extract<
  ControlMessage,
  { kind: 'digest' | 'buckets' | 'summary' | 'want' }
>;

/** Buckets that are reconciled in one round. */
const BUCKETS_AT_ONCE = 32;
/** Bytes of a record in a message besides the record itself. */
const RECORD_HEAD_BYTES = 41;

/** What a comparison must know of the rest of the gossip. */
export interface Known {
  /** This node's own record. */
  readonly own: () => MemberEntry | undefined;
  readonly isDead: (now: number, point: RingPoint, sequence: number) => boolean;
}

/**
 * Finds what two neighbours know differently: hash of all, then hash of each of 256 stretches, then
 * ids and sequences of the stretches that differ, then the records that one of them lacks.
 */
export class MemberComparison {
  readonly #links: Links;
  readonly #send: (to: NodeId, bytes: Uint8Array) => void;
  readonly #known: Known;

  constructor(links: Links, send: (to: NodeId, bytes: Uint8Array) => void, known: Known) {
    this.#links = links;
    this.#send = send;
    this.#known = known;
  }

  /** Begins a comparison. */
  begin(neighbour: RingPoint): void {
    const { members } = this.#links;
    this.#send(neighbour.id, encodeDigest(members.size, totalHash(bucketHashes(members))));
  }

  /** Goes on with one. Returns whether the two differed. */
  receive(now: number, from: RingPoint, message: Comparison, view: DataView): boolean {
    switch (message.kind) {
      case 'digest':
        this.#digest(from, message.count, message.hash);
        return false;
      case 'buckets':
        return this.#buckets(from, message.hashes);
      case 'summary':
        this.#summary(now, from, message, view);
        return false;
      case 'want':
        this.#want(from, message.idOffsets, view);
        return false;
      default:
        return message satisfies never;
    }
  }

  /** Sends records for this neighbour only, several in one message as far as they fit. */
  deliver(to: RingPoint, records: readonly RecordFields[]): void {
    let batch: RecordFields[] = [];
    let size = 2;
    for (const record of records) {
      const bytes = RECORD_HEAD_BYTES + record.record.length;
      if (batch.length > 0 && size + bytes > MAX_MESSAGE_BYTES) {
        this.#send(to.id, encodeMembers(batch));
        batch = [];
        size = 2;
      }
      batch.push(record);
      size += bytes;
    }
    if (batch.length > 0) this.#send(to.id, encodeMembers(batch));
  }

  #digest(from: RingPoint, count: number, hash: number): void {
    const { members } = this.#links;
    const hashes = bucketHashes(members);
    if (count === members.size && hash === totalHash(hashes)) return;
    this.#send(from.id, encodeBuckets(hashes));
  }

  #buckets(from: RingPoint, theirs: readonly number[]): boolean {
    const ours = bucketHashes(this.#links.members);
    const first = Math.floor(this.#links.chance() * ours.length);
    let sent = 0;
    for (let step = 0; step < ours.length && sent < BUCKETS_AT_ONCE; step += 1) {
      const bucket = (first + step) % ours.length;
      if (ours[bucket] === theirs[bucket]) continue;
      sent += 1;
      this.#sendSummary(from, bucket);
    }
    return sent > 0;
  }

  #sendSummary(to: RingPoint, bucket: number): void {
    const { members } = this.#links;
    const inside: { point: RingPoint; sequence: number }[] = [];
    for (const point of members.all()) {
      if (bucketOf(point) !== bucket) continue;
      inside.push({ point, sequence: members.entry(point)?.sequence ?? 0 });
    }
    const partial = inside.length > MAX_SUMMARY;
    for (let at = 0; at === 0 || at < inside.length; at += MAX_SUMMARY) {
      this.#send(to.id, encodeSummary(bucket, partial, inside.slice(at, at + MAX_SUMMARY)));
    }
  }

  #summary(
    now: number,
    from: RingPoint,
    { bucket, partial, members: theirs }: Extract<Comparison, { kind: 'summary' }>,
    view: DataView,
  ): void {
    const { members } = this.#links;
    const named = new Set<RingPoint>();
    const wanted: Uint8Array[] = [];
    const newer: RecordFields[] = [];
    for (const { idOffset, sequence } of theirs) {
      const point = members.points.find(view, idOffset);
      if (point) named.add(point);
      const held = point && members.entry(point);
      if (point && this.#known.isDead(now, point, sequence)) {
        newer.push({ point, sequence, leaf: false, dead: true, record: new Uint8Array() });
      } else if (!held || held.sequence < sequence) {
        if (wanted.length >= MAX_WANTED) continue;
        wanted.push(new Uint8Array(view.buffer, view.byteOffset + idOffset, 16).slice());
      } else if (held.sequence > sequence && point) newer.push({ point, dead: false, ...held });
    }
    for (const point of partial ? [] : members.all()) {
      const held = members.entry(point);
      if (held && bucketOf(point) === bucket && !named.has(point)) {
        newer.push({ point, dead: false, ...held });
      }
    }
    if (wanted.length > 0) this.#send(from.id, encodeWant(wanted));
    this.deliver(from, newer);
  }

  #want(from: RingPoint, idOffsets: readonly number[], view: DataView): void {
    const { members, self } = this.#links;
    const records: RecordFields[] = [];
    for (const offset of idOffsets) {
      const point = members.points.find(view, offset);
      const held = point === self ? this.#known.own() : point && members.entry(point);
      if (point && held && held.record.length > 0) records.push({ point, dead: false, ...held });
    }
    this.deliver(from, records);
  }
}
