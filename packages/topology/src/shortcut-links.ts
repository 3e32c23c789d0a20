import { predictRtt, unpackCoordinate, type VivaldiCoordinate } from './coordinate.ts';
import type { Links } from './links.ts';
import type { Neighbour } from './neighbour.ts';
import { clockwiseFraction, highAt, type RingPoint } from './ring-point.ts';
import {
  AUTO_SHORTCUTS_MAX,
  IMPROVE_EARLY_MS,
  IMPROVE_LATE_MS,
  IMPROVE_LEAST_MS,
  IMPROVE_RATIO,
  PROXIMITY_CANDIDATES,
  SHORTCUT_ATTEMPTS,
} from './topology-options.ts';

/** Wait before a slot draws again after a failure or when its stretch had nobody. */
const REDRAW_MS = 500;
const EMPTY_STRETCH_MS = 30_000;
/** Draws per attempt before the stretch counts as empty. */
const DRAWS = 8;

/** How many shortcuts a node draws in an overlay of `size` carriers. */
export function shortcutCount(shortcuts: number | 'auto', size: number): number {
  if (shortcuts !== 'auto') return shortcuts;
  return size < 2 ? 0 : Math.min(AUTO_SHORTCUTS_MAX, Math.ceil(Math.log2(size)));
}

/**
 * One of the k shortcuts and the stretch of the ring it is drawn from. Symphony's harmonic
 * distribution is even over the logarithm of the distance; so k stretches of equal logarithmic
 * length, with one even draw in each, have the same density and less spread.
 */
interface Slot {
  /** Clockwise distances as fractions of the ring: low ≤ distance < high. */
  low: number;
  high: number;
  point: RingPoint | undefined;
  pending: RingPoint | undefined;
  retryAt: number;
}

/** Draws and keeps this node's own shortcuts. */
export class ShortcutLinks {
  readonly #links: Links;
  readonly #shortcuts: number | 'auto';
  readonly #successors: number;
  readonly #position: VivaldiCoordinate | undefined;
  #slots: Slot[] = [];
  /** The size for which the stretches were made. */
  #drawnFor = 0;
  #improveAt = Number.POSITIVE_INFINITY;
  #improved = 0;

  /** `position`: own coordinate for proximity choice, undefined for plain Symphony. */
  constructor(
    links: Links,
    shortcuts: number | 'auto',
    successors: number,
    position: VivaldiCoordinate | undefined,
  ) {
    this.#links = links;
    this.#shortcuts = shortcuts;
    this.#successors = successors;
    this.#position = position;
  }

  get count(): number {
    return this.#slots.length;
  }

  /** Fills empty slots; makes new stretches when the overlay doubled or halved. */
  evaluate(now: number): void {
    const size = this.#links.members.carriers;
    if (size >= this.#drawnFor * 2 || size <= this.#drawnFor / 2) this.#stretch(now, size);
    let trying = 0;
    for (const { pending } of this.#slots) if (pending) trying += 1;
    for (const slot of this.#slots) {
      if (trying >= SHORTCUT_ATTEMPTS) break;
      if (slot.point || slot.pending || slot.retryAt > now) continue;
      const choice = this.#choose(now, slot);
      if (choice && this.#links.request(now, choice, 'shortcut')) {
        slot.pending = choice;
        trying += 1;
      } else slot.retryAt = now + EMPTY_STRETCH_MS * (0.75 + this.#links.chance() / 2);
    }
    if (now >= this.#improveAt) this.#improve(now);
    this.#mark();
  }

  up(point: RingPoint): void {
    for (const slot of this.#slots) {
      if (slot.pending !== point) continue;
      slot.pending = undefined;
      slot.point = point;
    }
  }

  /** The link or the attempt is gone. */
  down(now: number, point: RingPoint): void {
    for (const slot of this.#slots) {
      if (slot.pending === point) slot.pending = undefined;
      else if (slot.point === point) slot.point = undefined;
      else continue;
      slot.retryAt = now + REDRAW_MS * (0.5 + this.#links.chance());
    }
  }

  nextTimeout(): number | undefined {
    let next = this.#improveAt;
    let trying = 0;
    for (const { pending } of this.#slots) if (pending) trying += 1;
    if (trying < SHORTCUT_ATTEMPTS) {
      for (const { point, pending, retryAt } of this.#slots) {
        if (!point && !pending && retryAt < next) next = retryAt;
      }
    }
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  #stretch(now: number, size: number): void {
    this.#drawnFor = size;
    const count = shortcutCount(this.#shortcuts, size);
    const nearest = (this.#successors + 0.5) / Math.max(1, size);
    const held = this.#slots;
    this.#slots = [];
    if (nearest >= 0.5) return;
    const step = Math.log(0.5 / nearest) / count;
    for (let index = 0; index < count; index += 1) {
      const low = nearest * Math.exp(step * index);
      const high = nearest * Math.exp(step * (index + 1));
      // A shortcut that still fits stays, so growth costs one new draw and not k.
      const fits = (point: RingPoint | undefined) => {
        const at = point ? clockwiseFraction(this.#links.self, point) : -1;
        return at >= low && at < high;
      };
      const old = held.findIndex(({ point, pending }) => fits(point ?? pending));
      const kept = old < 0 ? undefined : held.splice(old, 1)[0];
      this.#slots.push({ low, high, point: kept?.point, pending: kept?.pending, retryAt: now });
    }
    this.#improved = 0;
    this.#scheduleImprovement(now);
  }

  #scheduleImprovement(now: number): void {
    if (!this.#position || this.#slots.length === 0) {
      this.#improveAt = Number.POSITIVE_INFINITY;
      return;
    }
    const wait = this.#improved < 2 * this.#slots.length ? IMPROVE_EARLY_MS : IMPROVE_LATE_MS;
    this.#improveAt = now + wait * (0.5 + this.#links.chance());
  }

  /** Whether this member may become a shortcut now. */
  #eligible(now: number, point: RingPoint): boolean {
    return this.#links.free(now, point) && !this.#links.members.isLeaf(point);
  }

  #choose(now: number, slot: Slot): RingPoint | undefined {
    return this.#nearest(now, slot)?.point ?? this.#draw(now, slot);
  }

  /** One harmonic draw: even over the logarithm of the distance. */
  #draw(now: number, { low, high }: Slot): RingPoint | undefined {
    const { self, members } = this.#links;
    if (members.carriers === 0) return undefined;
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const distance = low * (high / low) ** this.#links.chance();
      const target = { high: highAt(self, distance), middle: 0, low: 0 };
      const point = members.at(members.lowerBound(target) % members.carriers);
      if (this.#eligible(now, point)) return point;
    }
    return undefined;
  }

  /** The nearest in milliseconds among some members of the stretch whose coordinates are known. */
  #nearest(now: number, { low, high }: Slot): { point: RingPoint; rttMs: number } | undefined {
    const position = this.#position;
    if (!position || position.error > 0.6) return undefined;
    const { self, neighbours } = this.#links;
    const sample: { point: RingPoint; packed: number }[] = [];
    let seen = 0;
    for (const { list } of neighbours.values()) {
      for (let at = 0; at < list.points.length; at += 1) {
        const point = list.points[at] as RingPoint;
        const distance = clockwiseFraction(self, point);
        if (distance < low || distance >= high) continue;
        seen += 1;
        // Reservoir sampling: each has the same chance, so no member becomes everybody's choice.
        const place =
          seen <= PROXIMITY_CANDIDATES ? seen - 1 : Math.floor(this.#links.chance() * seen);
        if (place < PROXIMITY_CANDIDATES) {
          sample[place] = { point, packed: list.coordinates[at] as number };
        }
      }
    }
    let best: { point: RingPoint; rttMs: number } | undefined;
    for (const { point, packed } of sample) {
      if (!this.#eligible(now, point)) continue;
      const rttMs = predictRtt(position, unpackCoordinate(packed));
      if (!best || rttMs < best.rttMs) best = { point, rttMs };
    }
    return best;
  }

  /** Replaces the shortcut of one slot when a much nearer member is known; the old one stays until then. */
  #improve(now: number): void {
    const slot = this.#slots[this.#improved % this.#slots.length];
    this.#improved += 1;
    this.#scheduleImprovement(now);
    if (!slot?.point || slot.pending) return;
    const current = this.#links.neighbours.get(slot.point)?.rttMs;
    const better = this.#nearest(now, slot);
    if (current === undefined || !better) return;
    if (better.rttMs > current * IMPROVE_RATIO) return;
    if (better.rttMs > current - IMPROVE_LEAST_MS) return;
    if (this.#links.request(now, better.point, 'shortcut')) slot.pending = better.point;
  }

  #mark(): void {
    const own = new Set<RingPoint | undefined>();
    for (const { point } of this.#slots) own.add(point);
    for (const neighbour of this.#links.neighbours.values()) mark(neighbour, own);
  }
}

function mark(neighbour: Neighbour, own: ReadonlySet<RingPoint | undefined>): void {
  neighbour.shortcut = own.has(neighbour.point);
}
