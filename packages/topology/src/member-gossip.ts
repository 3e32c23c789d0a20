import type { NodeId } from '@evio/types';
import type { CarriedRecord, ControlMessage } from './control-message.ts';
import { encodeMembers, type RecordFields } from './control-writer.ts';
import type { FloodCopy, FloodTable } from './flood-table.ts';
import type { Links } from './links.ts';
import { type Comparison, MemberComparison } from './member-comparison.ts';
import type { MemberEntry } from './member-directory.ts';
import { compareDistance, type RingPoint } from './ring-point.ts';
import { DIGEST_MS, type TopologyOutput } from './topology-options.ts';

type Gossip = Comparison | Extract<ControlMessage, { kind: 'members' }>;

/** How long a death is remembered against stale records of the dead. */
const TOMBSTONE_MS = 120_000;
/** How long a member that somebody holds dead has time to contradict. */
const DOUBT_MS = 20_000;
/**
 * After a contradiction the next one waits, each time twice as long, so that whoever holds a node dead
 * often gains little; less than {@link DOUBT_MS}, so that it is never too late.
 */
const CONTRADICT_MS = 1_000;
const CONTRADICT_MOST_MS = 16_000;
/** After such a time without one the waiting begins anew. */
const CONTRADICT_CALM_MS = 300_000;
/** Records that wait for the caller's verdict before they are passed on. */
const PENDING_MOST = 256;
/** After two nodes differed, how soon the next comparison is made. */
const DIGEST_SOON_MS = 3_000;
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
  readonly #lost: (now: number, point: RingPoint) => void;
  /** Sequence as of which a member is dead. */
  readonly #dead = new Map<RingPoint, { sequence: number; until: number }>();
  /** Members that others hold dead and we do not, and as of which sequence. */
  readonly #doubted = new Map<RingPoint, { sequence: number; until: number }>();
  /** Id → the part of the ring that still waits for its record, and since which sequence. */
  readonly #pending = new Map<NodeId, { sequence: number; end: RingPoint }>();
  readonly #comparison: MemberComparison;
  #own: MemberEntry | undefined;
  #online = false;
  /** The newest sequence as of which others hold this node dead, as long as it did not contradict. */
  #heldDeadAs: number | undefined;
  /** Not before this it contradicts again, and how long that was after the last time. */
  #contradictAt = Number.NEGATIVE_INFINITY;
  #contradictWait = CONTRADICT_MS;
  #announceAt = Number.POSITIVE_INFINITY;
  #digestAt = Number.POSITIVE_INFINITY;

  constructor(
    links: Links,
    send: (to: NodeId, bytes: Uint8Array) => void,
    output: (output: TopologyOutput) => void,
    flood: () => FloodTable,
    lost: (now: number, point: RingPoint) => void,
  ) {
    this.#links = links;
    this.#send = send;
    this.#output = output;
    this.#flood = flood;
    this.#lost = lost;
    const isDead = this.isDead.bind(this);
    this.#comparison = new MemberComparison(links, send, { own: () => this.#own, isDead });
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
    const doubt = this.#doubted.get(point);
    if (doubt && (signaling || entry.sequence > doubt.sequence)) this.#doubted.delete(point);
    const grave = this.#dead.get(point);
    if (grave && (signaling || entry.sequence > grave.sequence)) this.#dead.delete(point);
    if (pending && entry.sequence >= pending.sequence) {
      this.#passOn({ point, dead: false, ...entry }, pending.end);
    }
  }

  /** It lives after all. */
  revive(point: RingPoint): void {
    this.#dead.delete(point);
  }

  get online(): boolean {
    return this.#online;
  }

  /** Whether a record of this sequence is of a member that died since. */
  isDead(now: number, point: RingPoint, sequence: number): boolean {
    const grave = this.#dead.get(point);
    return grave !== undefined && now < grave.until && sequence <= grave.sequence;
  }

  /** It is dead: remember, and `tell` all when it is ours and the server can't be counted on to. */
  died(now: number, point: RingPoint, sequence: number, tell: boolean): void {
    this.#bury(now, point, sequence);
    if (!tell) return;
    const record = new Uint8Array();
    this.#start({ point, sequence, leaf: false, dead: true, record });
  }

  receive(now: number, from: RingPoint, message: Gossip, view: DataView): void {
    if (message.kind === 'members') {
      for (const record of message.records) this.#record(now, from, record, view);
    } else if (this.#comparison.receive(now, from, message, view)) {
      // News: others want them, and there may be more.
      this.#digestAt = Math.min(this.#digestAt, now + DIGEST_SOON_MS);
    }
  }

  tick(now: number): void {
    if (this.#heldDeadAs !== undefined && now >= this.#contradictAt) {
      this.#contradict(now, this.#heldDeadAs);
    }
    if (now >= this.#announceAt) {
      this.#announceAt = Number.POSITIVE_INFINITY;
      if (this.#own && !this.#online) {
        this.#start({ point: this.#links.self, dead: false, ...this.#own });
      }
    }
    for (const [point, { sequence, until }] of this.#doubted) {
      if (now >= until) this.#uncontradicted(now, point, sequence);
    }
    if (now < this.#digestAt) return;
    this.#digestAt = now + DIGEST_MS * (0.75 + this.#links.chance() / 2);
    for (const [point, { until }] of this.#dead) if (until < now) this.#dead.delete(point);
    const carriers = [...this.#links.neighbours.values()].filter(({ leaf }) => !leaf);
    const chosen = carriers[Math.floor(this.#links.chance() * carriers.length)];
    if (chosen) this.compareWith(chosen.point);
  }

  /** Compares members with one neighbour now. */
  compareWith(neighbour: RingPoint): void {
    this.#comparison.begin(neighbour);
  }

  nextTimeout(): number {
    let next = Math.min(this.#announceAt, this.#digestAt);
    if (this.#heldDeadAs !== undefined) next = Math.min(next, this.#contradictAt);
    for (const { until } of this.#doubted.values()) next = Math.min(next, until);
    return next;
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
    if (point && this.isDead(now, point, carried.sequence)) {
      const { sequence } = this.#dead.get(point) ?? carried;
      const record = new Uint8Array();
      this.#comparison.deliver(from, [{ point, sequence, leaf: false, dead: true, record }]);
      return;
    }
    const held = point && this.#links.members.entry(point);
    if (point && (point === this.#links.self || (held && held.sequence >= carried.sequence))) {
      if (end) this.#passOn({ point, ...carried }, end);
      return;
    }
    const id = point?.id ?? hexId(view, carried.idOffset);
    if (end) this.#await(id, carried.sequence, end);
    const { sequence, leaf } = carried;
    this.#output({ type: 'record', id, sequence, leaf, record: carried.record.slice() });
  }

  /** Records that are refused are never seen again here: the oldest make room. */
  #await(id: NodeId, sequence: number, end: RingPoint): void {
    this.#pending.delete(id);
    const [oldest] = this.#pending.keys();
    if (oldest !== undefined && this.#pending.size >= PENDING_MOST) this.#pending.delete(oldest);
    this.#pending.set(id, { sequence, end });
  }

  /**
   * Somebody holds a member dead. A flood says so when it was found: that is believed, unless the
   * server is there, which knows better. In a comparison it may be an old belief of another half of
   * the overlay. Where it is not believed the member is asked.
   */
  #deathNotice(
    now: number,
    point: RingPoint,
    notice: CarriedRecord,
    end: RingPoint | undefined,
  ): void {
    if (point === this.#links.self) {
      // Online, the server tells the record that is newer.
      if (this.#online && notice.sequence < (this.#own?.sequence ?? 0)) return;
      this.#heldDeadAs = Math.max(this.#heldDeadAs ?? 0, notice.sequence);
      return;
    }
    const held = this.#links.members.entry(point);
    // No death is newer than what is known of the member, else its own contradiction never were.
    const known = held?.sequence ?? this.#dead.get(point)?.sequence;
    if (known !== undefined && known <= notice.sequence) {
      if ((end === undefined || this.#online) && held) this.#ask(now, point, known);
      else if (!this.#links.neighbours.has(point)) {
        this.#bury(now, point, known);
        this.#lost(now, point);
      }
    }
    if (end) this.#passOn({ point, ...notice }, end);
  }

  /** Others held this node dead. A record that is newer than that is told again, else one is asked for. */
  #contradict(now: number, sequence: number): void {
    const calm = now - this.#contradictAt >= CONTRADICT_CALM_MS;
    this.#contradictWait = calm
      ? CONTRADICT_MS
      : Math.min(2 * this.#contradictWait, CONTRADICT_MOST_MS);
    this.#contradictAt = now + this.#contradictWait;
    this.#heldDeadAs = undefined;
    if (sequence >= (this.#own?.sequence ?? 0)) this.#output({ type: 'refute' });
    else this.#announceAt = Math.min(this.#announceAt, now);
  }

  /** Tells a member, or the neighbour nearest to it, that it is held dead. If it lives, it contradicts. */
  #ask(now: number, point: RingPoint, sequence: number): void {
    if (this.#doubted.has(point)) return;
    this.#doubted.set(point, { sequence, until: now + DOUBT_MS });
    const { self, neighbours } = this.#links;
    // Strictly nearer with each step, so that it ends.
    let nearest = self;
    for (const neighbour of neighbours.values()) {
      if (neighbour.leaf && neighbour.point !== point) continue;
      if (compareDistance(point, neighbour.point, nearest) < 0) nearest = neighbour.point;
    }
    if (nearest === self) return;
    const record = new Uint8Array();
    this.#comparison.deliver(nearest, [{ point, sequence, leaf: false, dead: true, record }]);
  }

  /** It had time to contradict. */
  #uncontradicted(now: number, point: RingPoint, sequence: number): void {
    this.#doubted.delete(point);
    const held = this.#links.members.entry(point);
    if (!held || held.sequence > sequence || this.#links.neighbours.has(point)) return;
    this.#bury(now, point, sequence);
    this.#lost(now, point);
  }

  /** Begins a flood of a record over the whole ring. */
  #start(record: RecordFields): void {
    const { self, members } = this.#links;
    const flood = this.#flood();
    const first = members.isLeaf(self) ? flood.startFromLeaf() : undefined;
    this.#sendCopies(record, members.isLeaf(self) ? (first ? [first] : []) : flood.start());
  }

  /** Passes a record on in the part that ends at `end`; a leaf passes nothing on. */
  #passOn(record: Omit<RecordFields, 'end'>, end: RingPoint): void {
    const { self, members } = this.#links;
    if (!members.isLeaf(self)) this.#sendCopies(record, this.#flood().pass(self, { end }));
  }

  #sendCopies(
    { point, sequence, leaf, dead, record }: Omit<RecordFields, 'end'>,
    copies: readonly FloodCopy[],
  ): void {
    for (const { peer, begin, end } of copies) {
      // Nothing is handed over: a comparison brings what is missed.
      if (begin) continue;
      this.#send(peer.id, encodeMembers([{ point, sequence, leaf, dead, end, record }]));
    }
  }
}

function hexId(view: DataView, offset: number): NodeId {
  const bytes = Buffer.from(view.buffer, view.byteOffset + offset, 16);
  return bytes.toString('hex') as NodeId;
}
