import type { Links } from './links.ts';
import type { Neighbour } from './neighbour.ts';
import { clockwise52, type RingPoint } from './ring-point.ts';
import { HEDGE_MS, RING_ATTEMPTS } from './topology-options.ts';

/** After a ring neighbour died, this long more candidates than needed are tried at once. */
const HURRY_MS = 10_000;
/** How far along the ring candidates are looked for. */
const WALK = 128;

/** Keeps links to the nearest carriers on both sides of the ring. */
export class RingLinks {
  readonly #links: Links;
  readonly #perSide: number;
  /** When ring neighbours died lately. */
  #losses: number[] = [];

  constructor(links: Links, perSide: number) {
    this.#links = links;
    this.#perSide = Math.max(1, perSide);
  }

  /** A ring neighbour died; more may have died with it. */
  lost(now: number): void {
    this.#losses = this.#losses.filter(at => now - at < HURRY_MS);
    this.#losses.push(now);
  }

  /** Marks the links that serve as ring links and asks for those that are missing. */
  evaluate(now: number): void {
    const carriers = [...this.#links.neighbours.values()].filter(({ leaf }) => !leaf);
    for (const neighbour of carriers) neighbour.ring = false;
    this.#side(now, carriers, 1);
    this.#side(now, carriers, -1);
  }

  /** When an attempt stops being a hope, so that the next candidate gets its turn. */
  nextTimeout(now: number): number | undefined {
    let next: number | undefined;
    for (const { role, since } of this.#links.attempts.values()) {
      const at = since + HEDGE_MS;
      if (role === 'successor' && at > now && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  #side(now: number, carriers: Neighbour[], step: 1 | -1): void {
    const { self } = this.#links;
    const distance = ({ point }: Neighbour) =>
      step === 1 ? clockwise52(self, point) : clockwise52(point, self);
    // The nearest links that are up hold the ring until nearer ones are up.
    const held = nearest(carriers, this.#perSide, distance);
    for (const neighbour of held) neighbour.ring = true;
    const farthest = held.length < this.#perSide ? undefined : held.at(-1)?.point;
    this.#ask(now, step, new Set(held.map(({ point }) => point)), farthest);
  }

  /** Walks from here along the ring and asks for members nearer than what is held. */
  #ask(
    now: number,
    step: 1 | -1,
    held: ReadonlySet<RingPoint>,
    farthest: RingPoint | undefined,
  ): void {
    const { self, members, attempts, exclusions, neighbours } = this.#links;
    const count = members.carriers;
    const start = members.lowerBound(self);
    const isMember = start < count && members.at(start) === self;
    let index = isMember || step === -1 ? start : start - 1;
    let secured = 0;
    let trying = 0;
    let hopes = 0;
    const wanted = this.#perSide + Math.min(this.#losses.length, this.#perSide + 2);
    if (this.#losses.length > 0) this.#losses = this.#losses.filter(at => now - at < HURRY_MS);
    for (let walked = 0; walked < Math.min(count, WALK); walked += 1) {
      index = (index + step + count) % count;
      const point = members.at(index);
      if (point === self || point === farthest) return;
      if (held.has(point)) {
        secured += 1;
        continue;
      }
      const attempt = attempts.get(point);
      if (attempt) {
        trying += 1;
        if (attempt.hopeful && now - attempt.since < HEDGE_MS) hopes += 1;
      } else if (!exclusions.has(now, point) && !neighbours.has(point)) {
        if (secured + hopes >= wanted || trying >= RING_ATTEMPTS) return;
        if (this.#links.request(now, point, 'successor')) {
          trying += 1;
          hopes += 1;
        }
      }
    }
  }
}

/** The `count` nearest, nearest first. */
function nearest(
  neighbours: readonly Neighbour[],
  count: number,
  distance: (neighbour: Neighbour) => number,
): Neighbour[] {
  const found: { neighbour: Neighbour; at: number }[] = [];
  for (const neighbour of neighbours) {
    const at = distance(neighbour);
    if (found.length === count && at >= (found.at(-1)?.at ?? 0)) continue;
    let index = found.length;
    while (index > 0 && (found[index - 1]?.at ?? 0) > at) index -= 1;
    found.splice(index, 0, { neighbour, at });
    if (found.length > count) found.pop();
  }
  return found.map(({ neighbour }) => neighbour);
}
