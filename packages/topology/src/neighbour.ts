import type { LinkRole } from '@evio/types';
import type { LinkWish } from './control-message.ts';
import { type Coordinate, unpackCoordinate } from './coordinate.ts';
import { NeighbourList } from './neighbour-list.ts';
import type { RingPoint } from './ring-point.ts';

/** A member to which a link is up. */
export class Neighbour {
  readonly point: RingPoint;
  readonly since: number;
  leaf: boolean;
  /** Measured round trip of the link; undefined until the first measurement. */
  rttMs: number | undefined;
  /** Frames go in and nothing comes back: not used for forwarding until it answers. */
  stalled = false;

  /** Why we want it. */
  ring = false;
  shortcut = false;
  onDemand = false;
  isStatic = false;
  /** The overlay is so small that everybody links to everybody. */
  everybody = false;

  /** Why the peer wants it; undefined until it has said. */
  theirs: LinkWish | undefined;
  /** What we last told the peer of our own wish. */
  told: LinkWish | undefined;
  /** Since when neither side wants it. */
  unwantedSince: number | undefined;
  /** Whether it has our list from the beginning, so that changes make sense to it. */
  synced = false;
  lastSent = Number.NEGATIVE_INFINITY;

  /** Its neighbours. */
  readonly list = new NeighbourList();
  /** Packed; undefined until it has said. */
  coordinate: number | undefined;
  error = 1;
  /** Its coordinate as our list last told it to others. */
  toldCoordinate: number | undefined;

  constructor(now: number, point: RingPoint, leaf: boolean, rttMs: number | undefined) {
    this.point = point;
    this.since = now;
    this.leaf = leaf;
    this.rttMs = rttMs;
  }

  /** Why we want the link, the strongest reason. */
  wish(): LinkWish {
    if (this.ring) return 'successor';
    if (this.isStatic) return 'static';
    if (this.shortcut || this.everybody) return 'shortcut';
    return this.onDemand ? 'on-demand' : 'none';
  }

  /** Whether we want the link for another reason than much traffic. */
  isKeptAnyway(): boolean {
    return this.ring || this.isStatic || this.shortcut || this.everybody;
  }

  /** The role to show: our reason, else the peer's. */
  role(): LinkRole {
    const wish = this.wish();
    if (wish !== 'none') return wish;
    return this.theirs === undefined || this.theirs === 'none' ? 'shortcut' : this.theirs;
  }

  position(): Coordinate | undefined {
    return this.coordinate === undefined ? undefined : unpackCoordinate(this.coordinate);
  }
}
