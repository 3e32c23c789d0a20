import { type NodeId, nodeIdBytes } from '@evio/types';
import { IdTable } from './id-table.ts';

/** Numbers of 52 bits stay exact in a double, with room for one addition. */
const RING_52 = 2 ** 52;

/**
 * A node id as numbers, so that ring arithmetic needs no BigInt: one object per member, compared by
 * identity. The id is `high` (52 bits) ‖ `middle` (52 bits) ‖ `low` (24 bits).
 */
export interface RingPoint {
  readonly id: NodeId;
  readonly high: number;
  readonly middle: number;
  readonly low: number;
}

function pointOf(id: NodeId, view: DataView): RingPoint {
  const b = view.getUint32(4);
  const d = view.getUint32(12);
  return {
    id,
    high: view.getUint32(0) * 2 ** 20 + (b >>> 12),
    middle: (b & 0xfff) * 2 ** 40 + view.getUint32(8) * 2 ** 8 + (d >>> 24),
    low: d & 0xff_ffff,
  };
}

/**
 * The points of all members that were ever vouched for. Ids in a peer's message are only looked up,
 * never added, so a peer can't make it grow.
 */
export class RingPoints {
  readonly #byId = new Map<NodeId, RingPoint>();
  readonly #byBytes = new IdTable<RingPoint>();

  /** The point of `id`, made when it is new. */
  intern(id: NodeId): RingPoint {
    const known = this.#byId.get(id);
    if (known) return known;
    const bytes = nodeIdBytes(id);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const point = pointOf(id, view);
    this.#byId.set(id, point);
    this.#byBytes.set(view, 0, point);
    return point;
  }

  /** The point of `id` if it is known. */
  get(id: NodeId): RingPoint | undefined {
    return this.#byId.get(id);
  }

  /** The point whose 16 bytes stand at `offset`, if it is known. */
  find(view: DataView, offset: number): RingPoint | undefined {
    return this.#byBytes.get(view, offset);
  }
}

/** Id order: negative when `a` comes before `b`. */
export function comparePoints(a: RingPoint, b: RingPoint): number {
  return a.high - b.high || a.middle - b.middle || a.low - b.low;
}

/** The top 52 bits of the clockwise distance from `a` to `b`, exactly. */
export function clockwise52(a: RingPoint, b: RingPoint): number {
  let distance = b.high - a.high;
  if (b.middle < a.middle || (b.middle === a.middle && b.low < a.low)) distance -= 1;
  return distance < 0 ? distance + RING_52 : distance;
}

/** The top 52 bits of the ring distance (the shorter way round) between `a` and `b`, exactly. */
export function distance52(a: RingPoint, b: RingPoint): number {
  return Math.min(clockwise52(a, b), clockwise52(b, a));
}

/** The clockwise distance from `a` to `b` as a fraction of the ring, for drawing and display. */
export function clockwiseFraction(a: RingPoint, b: RingPoint): number {
  return clockwise52(a, b) / RING_52;
}

/** The `high` of the position that lies `fraction` of the ring clockwise of `from`. */
export function highAt(from: RingPoint, fraction: number): number {
  return Math.floor((from.high + fraction * RING_52) % RING_52);
}

function exactDistance(a: RingPoint, b: RingPoint): bigint {
  const clockwise = BigInt.asUintN(128, BigInt(`0x${b.id}`) - BigInt(`0x${a.id}`));
  const back = BigInt.asUintN(128, -clockwise);
  // Math.min() takes no BigInt.
  if (clockwise < back) return clockwise;
  return back;
}

/** Negative when `a` is closer to `target` than `b` on the ring; all 128 bits count. */
export function compareDistance(target: RingPoint, a: RingPoint, b: RingPoint): number {
  if (a === b) return 0;
  const difference = distance52(a, target) - distance52(b, target);
  if (difference !== 0) return difference;
  const exact = exactDistance(a, target) - exactDistance(b, target);
  return exact < 0n ? -1 : exact > 0n ? 1 : 0;
}

/** Whether going clockwise from `from` one meets `point` strictly before `end`; `end` = `from`: the whole ring. */
export function isBetween(from: RingPoint, point: RingPoint, end: RingPoint): boolean {
  const order = comparePoints(from, end);
  const after = comparePoints(point, from) > 0;
  const before = comparePoints(point, end) < 0;
  if (order < 0) return after && before;
  if (order > 0) return after || before;
  return point !== from;
}
