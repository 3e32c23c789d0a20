import type { NodeId } from '@evio/types';
import { comparePoints, type RingPoint, RingPoints } from './ring-point.ts';

/** What is known of a member besides its id. */
export interface MemberEntry {
  /** Of its node record; the newest wins. */
  readonly sequence: number;
  /** A leaf never carries others' traffic and so stands beside the ring, not in it. */
  readonly leaf: boolean;
  /** Its signed node record, opaque here; empty when only the id is known. */
  readonly record: Uint8Array;
}

/**
 * The members that a node knows. The ring is made of those that carry traffic: `at(0…carriers-1)` in
 * id order. The simulator shares one directory among all nodes, a real node has its own.
 */
export interface MemberDirectory {
  readonly points: RingPoints;
  /** Members that carry traffic. */
  readonly carriers: number;
  /** All members, leafs included. */
  readonly size: number;
  /** The `index`-th carrier in id order. */
  at(index: number): RingPoint;
  /** The index of the first carrier whose id is ≥ that of `point`; `carriers` when there is none. */
  lowerBound(point: Pick<RingPoint, 'high' | 'middle' | 'low'>): number;
  entry(point: RingPoint): MemberEntry | undefined;
  isLeaf(point: RingPoint): boolean;
  all(): Iterable<RingPoint>;
  /** Takes a member in. 'known' when the sequence is not newer than that which is held. */
  add(id: NodeId, entry: MemberEntry): 'new' | 'newer' | 'known';
  remove(point: RingPoint): boolean;
}

/** Members in memory: a map for what is known of them, a sorted array for the ring. */
export class Members implements MemberDirectory {
  readonly points: RingPoints;
  readonly #ring: RingPoint[] = [];
  readonly #entries = new Map<RingPoint, MemberEntry>();

  constructor(points = new RingPoints()) {
    this.points = points;
  }

  get carriers(): number {
    return this.#ring.length;
  }

  get size(): number {
    return this.#entries.size;
  }

  at(index: number): RingPoint {
    const point = this.#ring[index];
    if (!point) throw new RangeError(`no carrier ${index} of ${this.#ring.length}`);
    return point;
  }

  lowerBound(point: Pick<RingPoint, 'high' | 'middle' | 'low'>): number {
    let low = 0;
    let high = this.#ring.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.#ring[middle] as RingPoint;
      if ((at.high - point.high || at.middle - point.middle || at.low - point.low) < 0) {
        low = middle + 1;
      } else high = middle;
    }
    return low;
  }

  entry(point: RingPoint): MemberEntry | undefined {
    return this.#entries.get(point);
  }

  isLeaf(point: RingPoint): boolean {
    return this.#entries.get(point)?.leaf ?? false;
  }

  all(): Iterable<RingPoint> {
    return this.#entries.keys();
  }

  add(id: NodeId, entry: MemberEntry): 'new' | 'newer' | 'known' {
    const point = this.points.intern(id);
    const held = this.#entries.get(point);
    if (held && held.sequence >= entry.sequence) return 'known';
    this.#entries.set(point, entry);
    const inRing = held !== undefined && !held.leaf;
    if (!entry.leaf && !inRing) this.#ring.splice(this.lowerBound(point), 0, point);
    if (entry.leaf && inRing) this.#leaveRing(point);
    return held ? 'newer' : 'new';
  }

  remove(point: RingPoint): boolean {
    const held = this.#entries.get(point);
    if (!held) return false;
    this.#entries.delete(point);
    if (!held.leaf) this.#leaveRing(point);
    return true;
  }

  #leaveRing(point: RingPoint): void {
    const index = this.lowerBound(point);
    const at = this.#ring[index];
    if (at && comparePoints(at, point) === 0) this.#ring.splice(index, 1);
  }
}
