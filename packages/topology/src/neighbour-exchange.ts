import type { NodeId } from '@evio/types';
import { type ControlMessage, MAX_LIST_ITEMS, MAX_WANTED } from './control-message.ts';
import { encodeNeighbours, encodeResend, encodeWant, withWish } from './control-writer.ts';
import {
  packCoordinate,
  predictRtt,
  unpackCoordinate,
  type VivaldiCoordinate,
} from './coordinate.ts';
import type { Links } from './links.ts';
import type { Neighbour } from './neighbour.ts';
import type { RingPoint } from './ring-point.ts';
import {
  COORDINATE_MOVED_MS,
  FLUSH_MS,
  KEEPALIVE_MS,
  LINKS_MAX,
  SUSPECT_MS,
  URGENT_FLUSH_MS,
} from './topology-options.ts';

type Change = 'added' | 'gone' | 'failed';
type NeighboursMessage = Extract<ControlMessage, { kind: 'neighbours' }>;

/** How often at most a list is asked for anew from one neighbour. */
const RESEND_MS = 1_000;

/**
 * Tells neighbours who our neighbours are, and listens to theirs. A list is sent whole when a link
 * comes up; after that changes, numbered so that a lost message is noticed and the list sent again.
 * Every message also carries why we want the link and our network coordinate.
 */
export class NeighbourExchange {
  readonly #links: Links;
  readonly #leaf: boolean;
  readonly #position: VivaldiCoordinate;
  readonly #send: (to: NodeId, bytes: Uint8Array) => void;
  readonly #changes = new Map<RingPoint, Change>();
  readonly #resendAsked = new Map<RingPoint, number>();
  #version = 0;
  #flushAt = Number.POSITIVE_INFINITY;
  #keepaliveAt: number;

  constructor(
    links: Links,
    leaf: boolean,
    position: VivaldiCoordinate,
    send: (to: NodeId, bytes: Uint8Array) => void,
  ) {
    this.#links = links;
    this.#leaf = leaf;
    this.#position = position;
    this.#send = send;
    this.#keepaliveAt = Number.POSITIVE_INFINITY;
  }

  linkUp(now: number, neighbour: Neighbour): void {
    this.#change(now, neighbour.point, 'added', FLUSH_MS);
    this.sendAll(now, neighbour);
    if (this.#keepaliveAt === Number.POSITIVE_INFINITY) {
      this.#keepaliveAt = now + KEEPALIVE_MS * (0.25 + this.#links.chance() / 2);
    }
  }

  linkDown(now: number, point: RingPoint, failed: boolean): void {
    this.#resendAsked.delete(point);
    this.#change(now, point, failed ? 'failed' : 'gone', failed ? URGENT_FLUSH_MS : FLUSH_MS);
  }

  /** Sends the whole list to one neighbour. */
  sendAll(now: number, to: Neighbour): void {
    const items = this.#leaf ? [] : this.#items(to.point);
    const chunks = Math.max(1, Math.ceil(items.length / MAX_LIST_ITEMS));
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      const added = items.slice(chunk * MAX_LIST_ITEMS, (chunk + 1) * MAX_LIST_ITEMS);
      // The last chunk has the list's version, the ones before it count up to it.
      const version = (this.#version - (chunks - 1 - chunk)) >>> 0;
      this.#sendTo(now, to, this.#encode(chunk === 0, version, added, []));
    }
    to.synced = true;
  }

  /** What a neighbour told. Returns whether routes may have changed. */
  receive(now: number, from: Neighbour, message: NeighboursMessage, view: DataView): boolean {
    from.theirs = message.wish;
    from.leaf = message.leaf;
    from.coordinate = message.coordinate;
    from.error = message.error;
    this.learn(from);
    const { list } = from;
    const hasItems = message.added.length + message.removed.length > 0;
    if (message.reset) list.reset();
    else if (list.version === undefined || message.version !== expected(list.version, hasItems)) {
      this.#askResend(now, from);
      return false;
    }
    list.version = message.version;
    this.#apply(now, from, message, view);
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
    if (now >= this.#keepaliveAt) this.#keepalive(now);
  }

  /** Tells each neighbour whose link we want for another reason than we said. */
  tellWishes(now: number): void {
    for (const neighbour of this.#links.neighbours.values()) {
      const wish = neighbour.wish();
      if (!neighbour.synced || neighbour.told === wish) continue;
      this.#sendTo(now, neighbour, this.#encode(false, this.#version, [], []));
    }
  }

  nextTimeout(): number | undefined {
    const next = Math.min(this.#flushAt, this.#keepaliveAt);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  #change(now: number, point: RingPoint, change: Change, delay: number): void {
    if (this.#leaf) return;
    this.#changes.set(point, change);
    this.#flushAt = Math.min(this.#flushAt, now + delay);
  }

  #items(except: RingPoint | undefined) {
    const items: { point: RingPoint; leaf: boolean; coordinate: number }[] = [];
    for (const neighbour of this.#links.neighbours.values()) {
      if (neighbour.point !== except) items.push(this.#item(neighbour));
    }
    return items;
  }

  #item(neighbour: Neighbour) {
    neighbour.toldCoordinate = neighbour.coordinate;
    const coordinate = neighbour.coordinate ?? packCoordinate(this.#position);
    return { point: neighbour.point, leaf: neighbour.leaf, coordinate };
  }

  #flush(now: number): void {
    this.#flushAt = Number.POSITIVE_INFINITY;
    const added: { point: RingPoint; leaf: boolean; coordinate: number }[] = [];
    const removed: { point: RingPoint; failed: boolean }[] = [];
    for (const [point, change] of this.#changes) {
      const neighbour = this.#links.neighbours.get(point);
      if (neighbour) added.push(this.#item(neighbour));
      else if (change !== 'added') removed.push({ point, failed: change === 'failed' });
    }
    this.#changes.clear();
    while (added.length + removed.length > 0) {
      const some = added.splice(0, MAX_LIST_ITEMS);
      const others = some.length === 0 ? removed.splice(0, MAX_LIST_ITEMS) : removed.splice(0, 8);
      this.#version = (this.#version + 1) >>> 0;
      this.#sendToAll(now, this.#encode(false, this.#version, some, others));
    }
  }

  #keepalive(now: number): void {
    this.#keepaliveAt = now + KEEPALIVE_MS * (0.75 + this.#links.chance() / 2);
    for (const neighbour of this.#links.neighbours.values()) {
      this.learn(neighbour);
      if (moved(neighbour)) this.#changes.set(neighbour.point, 'added');
    }
    if (this.#changes.size > 0 && !this.#leaf) this.#flush(now);
    const message = this.#encode(false, this.#version, [], []);
    for (const neighbour of this.#links.neighbours.values()) {
      if (now - neighbour.lastSent < KEEPALIVE_MS / 2) continue;
      if (neighbour.synced) this.#sendTo(now, neighbour, message);
      else this.sendAll(now, neighbour);
    }
  }

  #apply(now: number, from: Neighbour, message: NeighboursMessage, view: DataView): void {
    const { members, self } = this.#links;
    const unknown: Uint8Array[] = [];
    for (const { idOffset, leaf, coordinate } of message.added) {
      const point = members.points.find(view, idOffset);
      if (point === self) continue;
      if (!point || !members.entry(point)) {
        from.list.incomplete = true;
        if (unknown.length < MAX_WANTED) unknown.push(idBytes(view, idOffset));
      }
      if (!point || from.list.points.length >= LINKS_MAX) continue;
      from.list.set(point, leaf, coordinate);
      // Somebody has a link to it, so it lives.
      this.#links.exclusions.clear(point);
    }
    for (const { idOffset, failed } of message.removed) {
      const point = members.points.find(view, idOffset);
      if (!point || point === self) continue;
      from.list.delete(point);
      if (failed) this.#suspect(now, point);
    }
    if (unknown.length > 0) this.#send(from.point.id, encodeWant(unknown));
  }

  /** A neighbour lost it. Unless someone still has it, others are tried first. */
  #suspect(now: number, point: RingPoint): void {
    const { neighbours, attempts, exclusions } = this.#links;
    if (neighbours.has(point) || this.#links.seenByNeighbours(point)) return;
    exclusions.suspect(now, point, SUSPECT_MS);
    const attempt = attempts.get(point);
    if (attempt) attempt.hopeful = false;
  }

  #askResend(now: number, from: Neighbour): void {
    const asked = this.#resendAsked.get(from.point);
    if (asked !== undefined && now - asked < RESEND_MS) return;
    this.#resendAsked.set(from.point, now);
    this.#send(from.point.id, encodeResend());
  }

  /** Asks for the lists anew that named members of which we have the record only now. */
  askIncomplete(now: number): void {
    for (const neighbour of this.#links.neighbours.values()) {
      if (neighbour.list.incomplete) this.#askResend(now, neighbour);
    }
  }

  #encode(
    reset: boolean,
    version: number,
    added: readonly { point: RingPoint; leaf: boolean; coordinate: number }[],
    removed: readonly { point: RingPoint; failed: boolean }[],
  ): Uint8Array {
    const coordinate = packCoordinate(this.#position);
    const { error } = this.#position;
    return encodeNeighbours({
      leaf: this.#leaf,
      reset,
      version,
      coordinate,
      error,
      added,
      removed,
    });
  }

  #sendToAll(now: number, bytes: Uint8Array): void {
    for (const neighbour of this.#links.neighbours.values()) {
      if (neighbour.synced) this.#sendTo(now, neighbour, bytes);
    }
  }

  #sendTo(now: number, neighbour: Neighbour, bytes: Uint8Array): void {
    neighbour.told = neighbour.wish();
    neighbour.lastSent = now;
    this.#send(neighbour.point.id, withWish(bytes, neighbour.told));
  }
}

function expected(version: number, hasItems: boolean): number {
  return hasItems ? (version + 1) >>> 0 : version;
}

function moved({ coordinate, toldCoordinate }: Neighbour): boolean {
  if (coordinate === undefined || coordinate === toldCoordinate) return false;
  if (toldCoordinate === undefined) return true;
  const now = unpackCoordinate(coordinate);
  const told = unpackCoordinate(toldCoordinate);
  return (
    predictRtt({ ...now, height: 0 }, { ...told, height: 0 }) + Math.abs(now.height - told.height) >
    COORDINATE_MOVED_MS
  );
}

function idBytes(view: DataView, offset: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, 16).slice();
}
