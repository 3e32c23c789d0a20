import type { LinkRole } from '@evio/types';
import { encodeGoodbye } from './control-writer.ts';
import type { VivaldiCoordinate } from './coordinate.ts';
import { IncomingLinks } from './incoming-links.ts';
import type { Links } from './links.ts';
import type { Neighbour } from './neighbour.ts';
import type { NeighbourExchange } from './neighbour-exchange.ts';
import { OnDemandLinks } from './on-demand-links.ts';
import { RingLinks } from './ring-links.ts';
import type { RingPoint } from './ring-point.ts';
import { ShortcutLinks, shortcutCount } from './shortcut-links.ts';
import {
  LINKS_MAX,
  type TopologyOptions,
  type TopologyOutput,
  UNWANTED_MS,
} from './topology-options.ts';

/**
 * Who says that it asks as a successor is believed when it stands as near on the ring as this many times
 * the own successors, and a few more: others may have more of them, and after a crash those between are
 * dead and perhaps not known to be.
 */
const NEAR_TIMES = 4;
const NEAR_MORE = 16;
/** Links that others were configured to have with this node. */
const STATIC_MOST = 64;

/** What ending a link needs of the rest of the node. */
export interface LinkEnd {
  readonly output: (output: TopologyOutput) => void;
  /** The link is no longer ours. */
  readonly ended: (now: number, point: RingPoint) => void;
}

/**
 * Which links this node asks for, takes from others, and lets go: ring, shortcuts, on-demand and
 * static ones together. A manual node asks for static links only; what others ask of it, it takes.
 */
export class WantedLinks {
  readonly #links: Links;
  readonly #options: TopologyOptions;
  readonly #exchange: NeighbourExchange;
  readonly #end: LinkEnd;
  readonly #ring: RingLinks;
  readonly #shortcuts: ShortcutLinks;
  readonly #onDemand: OnDemandLinks;
  readonly #incoming: IncomingLinks;
  readonly #static = new Set<RingPoint>();

  constructor(
    links: Links,
    options: TopologyOptions,
    position: VivaldiCoordinate,
    exchange: NeighbourExchange,
    end: LinkEnd,
  ) {
    const { successors, onDemand } = options;
    this.#links = links;
    this.#options = options;
    this.#exchange = exchange;
    this.#end = end;
    this.#ring = new RingLinks(links, successors);
    this.#shortcuts = new ShortcutLinks(
      links,
      options.leaf ? 0 : options.shortcuts,
      successors,
      (options.proximity ?? true) ? position : undefined,
    );
    this.#onDemand = new OnDemandLinks(links, options.manual ? 0 : onDemand);
    this.#incoming = new IncomingLinks(links);
  }

  /** The members that the configuration asks links to. */
  setStatic(points: Iterable<RingPoint>): void {
    this.#static.clear();
    for (const point of points) this.#static.add(point);
    this.#static.delete(this.#links.self);
  }

  /** Bytes per second with a member. */
  traffic(now: number, point: RingPoint, bytesPerSecond: number): void {
    this.#onDemand.report(now, point, bytesPerSecond);
  }

  /** Whether to take the link that another asks for. */
  accepts(now: number, point: RingPoint, role: LinkRole | undefined): boolean {
    const { neighbours, attempts } = this.#links;
    if (neighbours.has(point) || attempts.has(point)) return true;
    if (neighbours.size >= LINKS_MAX) return false;
    if (this.#isTiny()) return true;
    if (role === 'static') return this.#incoming.take(now, point, role, STATIC_MOST);
    if (role === 'on-demand') {
      return this.#incoming.take(now, point, role, 2 * this.#options.onDemand);
    }
    if (this.#options.leaf) return false;
    if (role === 'successor' && this.#isNear(point)) return true;
    // Whoever says nothing, or what cannot be, gets the place of a shortcut.
    return this.#incoming.take(now, point, 'shortcut', 2 * Math.max(1, this.#shortcuts.count));
  }

  /** A link is up. */
  up(neighbour: Neighbour): void {
    neighbour.theirs = this.#incoming.up(neighbour.point);
    this.#links.neighbours.set(neighbour.point, neighbour);
    this.#shortcuts.up(neighbour.point);
  }

  /** A link or an attempt is gone; `ringDied`: it was a ring link and does not answer any more. */
  down(now: number, point: RingPoint, ringDied: boolean): void {
    this.#shortcuts.down(now, point);
    this.#incoming.down(point);
    if (ringDied) this.#ring.lost(now);
  }

  /** Asks for what is missing and ends what nobody wants. Returns when to look again. */
  evaluate(now: number): number {
    const { manual = false } = this.#options;
    const { members, neighbours } = this.#links;
    const everybody = !manual && this.#isTiny();
    if (!manual) this.#ring.evaluate(now);
    if (everybody) {
      for (const point of members.all()) this.#links.request(now, point, 'shortcut');
    } else if (!manual) this.#shortcuts.evaluate(now);
    for (const point of this.#static) {
      if (members.entry(point)) this.#links.request(now, point, 'static');
    }
    for (const neighbour of neighbours.values()) {
      neighbour.everybody = everybody;
      neighbour.isStatic = this.#static.has(neighbour.point);
    }
    this.#onDemand.evaluate(now);
    for (const neighbour of neighbours.values()) this.#exchange.checkWish(now, neighbour);
    return Math.min(
      this.#prune(now),
      this.#ring.nextTimeout(now),
      everybody || manual ? Number.POSITIVE_INFINITY : this.#shortcuts.nextTimeout(),
      this.#onDemand.nextTimeout(),
      this.#links.nextTimeout(now),
    );
  }

  /** Whether it stands so near on the ring that it may want this node as a successor. */
  #isNear(point: RingPoint): boolean {
    const { members, self } = this.#links;
    const { carriers } = members;
    const apart = Math.abs(members.lowerBound(self) - members.lowerBound(point));
    const near = NEAR_TIMES * Math.max(1, this.#options.successors) + NEAR_MORE;
    return Math.min(apart, carriers - apart) <= near;
  }

  /** So few members that everybody links to everybody. */
  #isTiny(): boolean {
    const { carriers, size } = this.#links.members;
    const own = this.#options.leaf ? 0 : shortcutCount(this.#options.shortcuts, carriers);
    return size - 1 <= 2 * this.#options.successors + own;
  }

  /** Ends links that neither side has wanted for a while. Returns when the next one is due. */
  #prune(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const [point, neighbour] of this.#links.neighbours) {
      if (neighbour.wish() !== 'none' || neighbour.theirs !== 'none') {
        if (neighbour.unwantedSince === undefined) continue;
        neighbour.unwantedSince = undefined;
        this.#exchange.changed(now, point);
        continue;
      }
      if (neighbour.unwantedSince === undefined) {
        // Others stop seeing it in our list now, well before the link goes.
        neighbour.unwantedSince = now;
        this.#exchange.changed(now, point);
      }
      if (now - neighbour.unwantedSince < UNWANTED_MS) {
        next = Math.min(next, neighbour.unwantedSince + UNWANTED_MS);
        continue;
      }
      this.#end.output({ type: 'send', to: point.id, bytes: encodeGoodbye(false) });
      this.#end.output({ type: 'unlink', id: point.id });
      this.#end.ended(now, point);
    }
    return next;
  }
}
