import type { NodeId } from '@evio/types';
import {
  type CarriedRecord,
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
import type { FloodTable } from './flood-table.ts';
import type { Links } from './links.ts';
import type { MemberEntry } from './member-directory.ts';
import { bucketHashes, bucketOf, totalHash } from './member-hash.ts';
import type { RingPoint } from './ring-point.ts';
import { DIGEST_MS, type TopologyOutput } from './topology-options.ts';

type Gossip = Extract<
  ControlMessage,
  { kind: 'members' | 'digest' | 'buckets' | 'summary' | 'want' }
>;

/** How long a death is remembered against stale records of the dead. */
const TOMBSTONE_MS = 600_000;
/** Records that wait for the caller's verdict before they are passed on. */
const PENDING_MOST = 256;
/** Buckets that are reconciled in one round. */
const BUCKETS_AT_ONCE = 8;
/** After the first link comes up, the ring settles this long before the own record goes round. */
const ANNOUNCE_MS = 1_000;

/**
 * Spreads node records and deaths through the overlay while the server does not. A change goes
 * round by bounded flood, so each node gets it about once; what is lost on the way is found by
 * comparing hashes with a random neighbour every half minute.
 */
export class MemberGossip {
  readonly #links: Links;
  readonly #send: (to: NodeId, bytes: Uint8Array) => void;
  readonly #output: (output: TopologyOutput) => void;
  readonly #flood: () => FloodTable;
  /** Sequence as of which a member is dead. */
  readonly #dead = new Map<RingPoint, { sequence: number; until: number }>();
  /** Id → the part of the ring that still waits for its record, and since which sequence. */
  readonly #pending = new Map<NodeId, { sequence: number; end: RingPoint }>();
  #own: MemberEntry | undefined;
  #online = false;
  #announceAt = Number.POSITIVE_INFINITY;
  #digestAt = Number.POSITIVE_INFINITY;

  constructor(
    links: Links,
    send: (to: NodeId, bytes: Uint8Array) => void,
    output: (output: TopologyOutput) => void,
    flood: () => FloodTable,
  ) {
    this.#links = links;
    this.#send = send;
    this.#output = output;
    this.#flood = flood;
  }

  /** Whether the server tells everybody what we announce, and us what others do. */
  signaling(now: number, online: boolean): void {
    this.#online = online;
    this.#digestAt = online
      ? Number.POSITIVE_INFINITY
      : now + DIGEST_MS * (0.1 + this.#links.chance());
  }

  /** Our own record, or a newer one. */
  announce(now: number, own: MemberEntry): void {
    this.#own = own;
    this.#announceAt = now;
  }

  linkUp(now: number): void {
    if (this.#links.neighbours.size === 1) {
      this.#announceAt = Math.min(this.#announceAt, now + ANNOUNCE_MS);
      if (!this.#online) this.#digestAt = Math.min(this.#digestAt, now + ANNOUNCE_MS);
    }
  }

  /** A record was verified and is held now: pass it on where that was asked for. */
  seen(point: RingPoint, entry: MemberEntry, signaling: boolean): void {
    const pending = this.#pending.get(point.id);
    this.#pending.delete(point.id);
    const grave = this.#dead.get(point);
    if (grave && (signaling || entry.sequence > grave.sequence)) this.#dead.delete(point);
    if (pending && entry.sequence >= pending.sequence) {
      this.#passOn({ point, dead: false, ...entry }, pending.end);
    }
  }

  /** Whether a record of this sequence is of a member that died since. */
  isDead(point: RingPoint, sequence: number): boolean {
    const grave = this.#dead.get(point);
    return grave !== undefined && sequence <= grave.sequence;
  }

  /** We found it dead: remember, and tell all when the server can't be counted on to. */
  died(now: number, point: RingPoint, sequence: number): void {
    this.#bury(now, point, sequence);
    if (this.#online) return;
    const record = new Uint8Array();
    this.#start({ point, sequence, leaf: false, dead: true, record });
  }

  receive(now: number, from: RingPoint, message: Gossip, view: DataView): void {
    switch (message.kind) {
      case 'members':
        for (const record of message.records) this.#record(now, from, record, view);
        return;
      case 'digest':
        this.#compare(from, message.count, message.hash);
        return;
      case 'buckets':
        this.#reconcile(from, message.hashes);
        return;
      case 'summary':
        this.#answerSummary(from, message, view);
        return;
      case 'want':
        this.#answerWant(from, message.idOffsets, view);
        return;
      default:
        message satisfies never;
    }
  }

  tick(now: number): void {
    if (now >= this.#announceAt) {
      this.#announceAt = Number.POSITIVE_INFINITY;
      if (this.#own && !this.#online) {
        this.#start({ point: this.#links.self, dead: false, ...this.#own });
      }
    }
    if (now < this.#digestAt) return;
    this.#digestAt = now + DIGEST_MS * (0.75 + this.#links.chance() / 2);
    for (const [point, { until }] of this.#dead) if (until < now) this.#dead.delete(point);
    const carriers = [...this.#links.neighbours.values()].filter(({ leaf }) => !leaf);
    const chosen = carriers[Math.floor(this.#links.chance() * carriers.length)];
    if (!chosen) return;
    const hash = totalHash(bucketHashes(this.#links.members));
    this.#send(chosen.point.id, encodeDigest(this.#links.members.size, hash));
  }

  nextTimeout(): number | undefined {
    const next = Math.min(this.#announceAt, this.#digestAt);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  #bury(now: number, point: RingPoint, sequence: number): void {
    this.#dead.set(point, { sequence, until: now + TOMBSTONE_MS });
  }

  #record(now: number, from: RingPoint, carried: CarriedRecord, view: DataView): void {
    const { points } = this.#links.members;
    const point = points.find(view, carried.idOffset);
    const end = carried.endOffset === undefined ? undefined : points.find(view, carried.endOffset);
    if (carried.dead) {
      if (point) this.#deathNotice(now, point, carried, end);
      return;
    }
    if (point && this.isDead(point, carried.sequence)) {
      const { sequence } = this.#dead.get(point) ?? carried;
      const record = new Uint8Array();
      this.#deliver(from, [{ point, sequence, leaf: false, dead: true, record }]);
      return;
    }
    const held = point && this.#links.members.entry(point);
    if (point && (point === this.#links.self || (held && held.sequence >= carried.sequence))) {
      if (end) this.#passOn({ point, ...carried }, end);
      return;
    }
    const id = point?.id ?? hexId(view, carried.idOffset);
    if (end && this.#pending.size < PENDING_MOST) {
      this.#pending.set(id, { sequence: carried.sequence, end });
    }
    const { sequence, leaf } = carried;
    this.#output({ type: 'record', id, sequence, leaf, record: carried.record.slice() });
  }

  #deathNotice(
    now: number,
    point: RingPoint,
    notice: CarriedRecord,
    end: RingPoint | undefined,
  ): void {
    if (point === this.#links.self) {
      this.#output({ type: 'refute' });
      return;
    }
    const held = this.#links.members.entry(point);
    const alive = this.#links.neighbours.has(point) || (held && held.sequence > notice.sequence);
    if (!alive) {
      this.#bury(now, point, notice.sequence);
      if (this.#links.members.remove(point)) this.#output({ type: 'memberLost', id: point.id });
    }
    if (end) this.#passOn({ point, ...notice }, end);
  }

  #compare(from: RingPoint, count: number, hash: number): void {
    const { members } = this.#links;
    const hashes = bucketHashes(members);
    if (count === members.size && hash === totalHash(hashes)) return;
    this.#send(from.id, encodeBuckets(hashes));
  }

  #reconcile(from: RingPoint, theirs: readonly number[]): void {
    const ours = bucketHashes(this.#links.members);
    const first = Math.floor(this.#links.chance() * ours.length);
    let sent = 0;
    for (let step = 0; step < ours.length && sent < BUCKETS_AT_ONCE; step += 1) {
      const bucket = (first + step) % ours.length;
      if (ours[bucket] === theirs[bucket]) continue;
      sent += 1;
      this.#sendSummary(from, bucket);
    }
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

  #answerSummary(
    from: RingPoint,
    { bucket, partial, members: theirs }: Extract<Gossip, { kind: 'summary' }>,
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
      if (point && this.isDead(point, sequence)) {
        newer.push({ point, sequence, leaf: false, dead: true, record: new Uint8Array() });
      } else if (!held || held.sequence < sequence) {
        if (wanted.length < MAX_WANTED) {
          wanted.push(new Uint8Array(view.buffer, view.byteOffset + idOffset, 16).slice());
        }
      } else if (held.sequence > sequence && point) newer.push({ point, dead: false, ...held });
    }
    for (const point of partial ? [] : members.all()) {
      const held = members.entry(point);
      if (held && bucketOf(point) === bucket && !named.has(point)) {
        newer.push({ point, dead: false, ...held });
      }
    }
    if (wanted.length > 0) this.#send(from.id, encodeWant(wanted));
    this.#deliver(from, newer);
  }

  #answerWant(from: RingPoint, idOffsets: readonly number[], view: DataView): void {
    const { members, self } = this.#links;
    const records: RecordFields[] = [];
    for (const offset of idOffsets) {
      const point = members.points.find(view, offset);
      const held = point === self ? this.#own : point && members.entry(point);
      if (point && held && held.record.length > 0) records.push({ point, dead: false, ...held });
    }
    this.#deliver(from, records);
  }

  /** Sends records for this neighbour only, several in one message as far as they fit. */
  #deliver(to: RingPoint, records: readonly RecordFields[]): void {
    let batch: RecordFields[] = [];
    let size = 2;
    for (const record of records) {
      const bytes = 41 + record.record.length;
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

  /** Begins a flood of a record over the whole ring. */
  #start(record: RecordFields): void {
    for (const { peer, begin, end } of this.#flood().start()) {
      if (!begin) this.#send(peer.id, encodeMembers([{ ...record, end }]));
    }
  }

  #passOn(record: Omit<RecordFields, 'end'>, end: RingPoint): void {
    const { self } = this.#links;
    const { point, sequence, leaf, dead, record: bytes } = record;
    for (const copy of this.#flood().pass(self, { end })) {
      if (copy.begin) continue;
      const fields = { point, sequence, leaf, dead, record: bytes, end: copy.end };
      this.#send(copy.peer.id, encodeMembers([fields]));
    }
  }
}

function hexId(view: DataView, offset: number): NodeId {
  const bytes = Buffer.from(view.buffer, view.byteOffset + offset, 16);
  return bytes.toString('hex') as NodeId;
}
