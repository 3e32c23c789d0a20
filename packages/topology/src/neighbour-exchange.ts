import type { NodeId } from '@evio/types';
import { type ControlMessage, type LinkWish, MAX_WANTED } from './control-message.ts';
import { encodeResend, encodeWant, withWish } from './control-writer.ts';
import type { VivaldiCoordinate } from './coordinate.ts';
import type { Links } from './links.ts';
import type { Neighbour } from './neighbour.ts';
import { type Change, OwnList } from './own-list.ts';
import type { RingPoint } from './ring-point.ts';
import {
  FLUSH_MS,
  HELLO_MS,
  KEEPALIVE_MS,
  LINKS_MAX,
  SUSPECT_MS,
  URGENT_FLUSH_MS,
} from './topology-options.ts';

type NeighboursMessage = Extract<ControlMessage, { kind: 'neighbours' }>;

/** How often at most a list is asked for anew from one neighbour. */
const RESEND_MS = 1_000;
/**
 * A neighbour that has not told its list this long after the link came up is asked, and again after
 * twice that, and so on: its first message is lost when our end of the link came up later than its.
 */
const MISSING_MS = FLUSH_MS + 500;

interface ExchangeEnd {
  send(to: NodeId, bytes: Uint8Array): void;
  /** What a neighbour told may change which links are wanted. */
  planAgain(): void;
}

/**
 * Tells neighbours who our neighbours are, and listens to theirs. A list is sent whole when a link
 * comes up; after that changes, numbered so that a lost message is noticed and the list sent again.
 * Every message also carries why we want the link and our network coordinate.
 */
export class NeighbourExchange {
  readonly #links: Links;
  readonly #position: VivaldiCoordinate;
  readonly #end: ExchangeEnd;
  readonly #list: OwnList;
  readonly #resendAsked = new Map<RingPoint, number>();
  /** Neighbours that have not told their list: when to ask, and how long to wait after that. */
  readonly #missing = new Map<Neighbour, { at: number; wait: number }>();
  #flushAt = Number.POSITIVE_INFINITY;
  #keepaliveAt = Number.POSITIVE_INFINITY;
  #wishesAt = Number.POSITIVE_INFINITY;
  /** Not later than the next of `#missing`. */
  #missingAt = Number.POSITIVE_INFINITY;

  constructor(links: Links, leaf: boolean, position: VivaldiCoordinate, end: ExchangeEnd) {
    this.#links = links;
    this.#list = new OwnList(links, leaf, position);
    this.#position = position;
    this.#end = end;
  }

  linkUp(now: number, neighbour: Neighbour): void {
    // Links that come up together are told together.
    const delay = this.#links.attempts.size > 0 ? FLUSH_MS : HELLO_MS;
    this.#list.change(neighbour.point, 'added');
    this.#flushAt = Math.min(this.#flushAt, now + delay);
    this.#missing.set(neighbour, { at: now + MISSING_MS, wait: MISSING_MS });
    this.#missingAt = Math.min(this.#missingAt, now + MISSING_MS);
    if (this.#keepaliveAt === Number.POSITIVE_INFINITY) {
      this.#keepaliveAt = now + KEEPALIVE_MS * (0.25 + this.#links.chance() / 2);
    }
  }

  /** `urgent`: a ring neighbour died; those around it choose better if they know soon. */
  linkDown(now: number, point: RingPoint, failed: boolean, urgent: boolean): void {
    this.#resendAsked.delete(point);
    this.#change(now, point, failed ? 'failed' : 'gone', urgent ? URGENT_FLUSH_MS : FLUSH_MS);
  }

  /** Sends the whole list to one neighbour. */
  sendAll(now: number, to: Neighbour): void {
    this.#sendTo(now, [to], this.#list.whole());
    to.synced = true;
  }

  /** What a neighbour told. Returns whether routes may have changed. */
  receive(now: number, from: Neighbour, message: NeighboursMessage, view: DataView): boolean {
    from.theirs = message.wish;
    from.leaf = message.leaf;
    const news = from.coordinate !== message.coordinate;
    from.coordinate = message.coordinate;
    from.error = message.error;
    if (news) this.learn(from);
    const { list } = from;
    const hasItems = message.added.length + message.removed.length > 0;
    const { exclusions } = this.#links;
    const held = message.reset && exclusions.size > 0 ? new Set(list.points) : undefined;
    if (message.reset) list.reset();
    else if (list.version === undefined || message.version !== expected(list.version, hasItems)) {
      this.#askResend(now, from);
      return false;
    }
    list.version = message.version;
    this.#missing.delete(from);
    this.#apply(now, from, message, view, held);
    return hasItems || message.reset;
  }

  /** Moves our coordinate by the round trip to this neighbour. */
  learn(neighbour: Neighbour): void {
    const peer = neighbour.position();
    if (peer && neighbour.rttMs !== undefined) {
      this.#position.update(neighbour.rttMs, peer, neighbour.error);
    }
  }

  /** Sends what is due: collected changes, changed wishes, keepalives. */
  tick(now: number): void {
    if (now >= this.#flushAt) this.#flush(now);
    if (now >= this.#wishesAt) this.#tellWishes(now);
    this.#askMissing(now);
    if (now >= this.#keepaliveAt) this.#keepalive(now);
  }

  /** A neighbour is told, with the next changes, when we want its link for another reason. */
  checkWish(now: number, neighbour: Neighbour): void {
    if (this.#wishesAt !== Number.POSITIVE_INFINITY || !neighbour.synced) return;
    if (neighbour.told !== neighbour.wish()) this.#wishesAt = now + FLUSH_MS;
  }

  /** A neighbour is to be listed, or no longer. */
  changed(now: number, point: RingPoint): void {
    this.#change(now, point, 'gone', FLUSH_MS);
  }

  nextTimeout(): number {
    return Math.min(this.#flushAt, this.#keepaliveAt, this.#wishesAt, this.#missingAt);
  }

  #change(now: number, point: RingPoint, change: Change, delay: number): void {
    this.#list.change(point, change);
    this.#flushAt = Math.min(this.#flushAt, now + delay);
  }

  #tellWishes(now: number): void {
    this.#wishesAt = Number.POSITIVE_INFINITY;
    const changed = this.#those(
      neighbour => neighbour.synced && neighbour.told !== neighbour.wish(),
    );
    this.#sendTo(now, changed, [this.#list.bare()]);
  }

  /** Tells the changes, and the whole list to those that do not have it yet. */
  #flush(now: number): void {
    this.#flushAt = Number.POSITIVE_INFINITY;
    this.#sendTo(
      now,
      this.#those(({ synced }) => synced),
      this.#list.changes(),
    );
    const fresh = this.#those(({ synced }) => !synced);
    if (fresh.length === 0) return;
    this.#sendTo(now, fresh, this.#list.whole());
    for (const neighbour of fresh) neighbour.synced = true;
  }

  #keepalive(now: number): void {
    const wait = KEEPALIVE_MS * (0.8 + 0.2 * this.#links.chance());
    this.#keepaliveAt = now + wait;
    for (const neighbour of this.#links.neighbours.values()) this.learn(neighbour);
    if (this.#list.refresh()) this.#flush(now);
    const silent = this.#those(
      // The next turn would be too late for them.
      ({ synced, lastSent }) => synced && now - lastSent + wait > KEEPALIVE_MS,
    );
    this.#sendTo(now, silent, [this.#list.bare()]);
  }

  /** `held`: what its list had before this message began it anew. */
  #apply(
    now: number,
    from: Neighbour,
    message: NeighboursMessage,
    view: DataView,
    held: ReadonlySet<RingPoint> | undefined,
  ): void {
    const { exclusions, members, self } = this.#links;
    const unknown: Uint8Array[] = [];
    for (const { idOffset, leaf, coordinate } of message.added) {
      const point = members.points.find(view, idOffset);
      if (point === self) continue;
      if (!point) {
        from.list.incomplete = true;
        if (unknown.length < MAX_WANTED) unknown.push(idBytes(view, idOffset));
        continue;
      }
      if (from.list.points.length >= LINKS_MAX) continue;
      if (exclusions.size > 0) {
        const news = !(held?.has(point) ?? from.list.has(point));
        if (exclusions.vouched(point, news)) this.#end.planAgain();
      }
      from.list.set(point, leaf, coordinate);
    }
    for (const { idOffset, failed } of message.removed) {
      const point = members.points.find(view, idOffset);
      if (!point || point === self) continue;
      // Nobody is suspected on the word of one that had no link to it.
      if (failed && from.list.has(point)) this.#suspect(now, point);
      from.list.delete(point);
    }
    if (unknown.length > 0) this.#end.send(from.point.id, encodeWant(unknown));
  }

  /** A neighbour lost it: others are tried first, until somebody links to it or it calls. */
  #suspect(now: number, point: RingPoint): void {
    const { neighbours, attempts, exclusions } = this.#links;
    if (neighbours.has(point)) return;
    exclusions.suspect(now, point, SUSPECT_MS);
    const attempt = attempts.get(point);
    if (!attempt?.hopeful) return;
    attempt.hopeful = false;
    this.#end.planAgain();
  }

  #askMissing(now: number): void {
    if (now < this.#missingAt) return;
    this.#missingAt = Number.POSITIVE_INFINITY;
    for (const [neighbour, missing] of this.#missing) {
      if (this.#links.neighbours.get(neighbour.point) !== neighbour) {
        this.#missing.delete(neighbour);
        continue;
      }
      if (missing.at <= now) {
        missing.wait *= 2;
        missing.at = now + missing.wait;
        this.#askResend(now, neighbour);
      }
      this.#missingAt = Math.min(this.#missingAt, missing.at);
    }
  }

  #askResend(now: number, from: Neighbour): void {
    const asked = this.#resendAsked.get(from.point);
    if (asked !== undefined && now - asked < RESEND_MS) return;
    this.#resendAsked.set(from.point, now);
    this.#end.send(from.point.id, encodeResend());
  }

  /** Asks for the lists anew that named members of which we have the record only now. */
  askIncomplete(now: number): void {
    for (const neighbour of this.#links.neighbours.values()) {
      if (neighbour.list.incomplete) this.#askResend(now, neighbour);
    }
  }

  #those(are: (neighbour: Neighbour) => boolean): Neighbour[] {
    return [...this.#links.neighbours.values()].filter(are);
  }

  /** The same messages to several, each with what we want of its link. */
  #sendTo(now: number, neighbours: readonly Neighbour[], messages: readonly Uint8Array[]): void {
    for (const message of messages) {
      const copies = new Map<LinkWish, Uint8Array>();
      for (const neighbour of neighbours) {
        const wish = neighbour.wish();
        const copy = copies.get(wish) ?? withWish(message, wish);
        copies.set(wish, copy);
        neighbour.told = wish;
        neighbour.lastSent = now;
        this.#end.send(neighbour.point.id, copy);
      }
    }
  }
}

function expected(version: number, hasItems: boolean): number {
  return hasItems ? (version + 1) >>> 0 : version;
}

function idBytes(view: DataView, offset: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, 16).slice();
}
