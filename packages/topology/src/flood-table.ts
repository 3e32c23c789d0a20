import { comparePoints, isBetween, type RingPoint } from './ring-point.ts';

/**
 * Bounded flood: how broadcast reaches every member exactly once. Pure tables; the datapath executes
 * the same in C++ (docs/topology.md, "What the datapath executes").
 *
 * Whoever receives a flood is responsible for the stretch of ring from itself up to (not including)
 * `end`. It cuts that stretch at its neighbours and gives each the part that begins with it. Nobody
 * lies between a node and its successor, so the parts cover everybody, and since they do not overlap
 * nobody is covered twice.
 */
export interface FloodNeighbour {
  readonly id: RingPoint;
  /** The neighbour to send to: `id` itself, or one that has a link to it when we cannot have one. */
  readonly peer: RingPoint;
  /** False for a leaf: it gets a copy and no part. */
  readonly carries: boolean;
}

export interface FloodPart {
  /**
   * Set for a *hand-over*: the part does not begin with the receiver but here, and the receiver
   * finds who takes it. Otherwise the part begins with the receiver.
   */
  readonly begin?: RingPoint;
  /** The part ends before this id; the receiver's own id: the whole ring. */
  readonly end: RingPoint;
}

export interface FloodCopy extends FloodPart {
  readonly peer: RingPoint;
}

export class FloodTable {
  readonly self: RingPoint;
  /** In id order. Entries with `peer` ≠ `id` are reached through that neighbour. */
  readonly neighbours: readonly FloodNeighbour[];

  constructor(self: RingPoint, neighbours: readonly FloodNeighbour[]) {
    this.self = self;
    this.neighbours = [...neighbours].sort((a, b) => comparePoints(a.id, b.id));
  }

  /** The copies with which a carrier begins a flood of its own. */
  start(): FloodCopy[] {
    return this.pass(this.self, { end: this.self });
  }

  /** The copy with which a leaf begins: a carrier does the rest. Undefined when it has none. */
  startFromLeaf(): FloodCopy | undefined {
    const first = this.first();
    return first && { peer: first, end: first };
  }

  /** The first linked carrier clockwise. */
  first(): RingPoint | undefined {
    const carriers = this.neighbours.filter(({ id, peer, carries }) => carries && id === peer);
    return (carriers.find(({ id }) => comparePoints(id, this.self) > 0) ?? carriers[0])?.id;
  }

  /** Whether this node stands in the part. If not, it only hands it on: no delivery, no mark as seen. */
  isInside({ begin, end }: FloodPart): boolean {
    if (!begin || begin === this.self) return true;
    return begin !== end && isBetween(begin, this.self, end);
  }

  /** The copies to send for a part that was received (or begun) here. `origin` never gets one. */
  pass(origin: RingPoint, part: FloodPart): FloodCopy[] {
    const { begin, end } = part;
    if (!begin || begin === this.self) return this.#own(origin, end, begin !== undefined);
    if (this.isInside(part)) {
      // We stand inside the part: what lies behind us is ours, what lies before us is handed over.
      return [...this.#handOver(origin, begin, this.self), ...this.#own(origin, end, true)];
    }
    return this.#handOver(origin, begin, end);
  }

  /** The part (self, end). */
  #own(origin: RingPoint, end: RingPoint, directOnly: boolean): FloodCopy[] {
    const inside = this.#clockwise(this.self).filter(
      ({ id, peer }) => (!directOnly || id === peer) && isBetween(this.self, id, end),
    );
    return cut(inside, origin, end);
  }

  /** The part [begin, end), which does not begin with us. */
  #handOver(origin: RingPoint, begin: RingPoint, end: RingPoint): FloodCopy[] {
    const direct = this.#clockwise(begin).filter(({ id, peer }) => id === peer);
    const inside = direct.filter(({ id }) => id === begin || isBetween(begin, id, end));
    const copies = cut(inside, origin, end);
    if (direct.some(({ id }) => id === begin)) return copies;
    const first = inside.find(({ carries }) => carries)?.id ?? end;
    // The nearest carrier before `begin`, strictly nearer than we are: so it ends.
    const before = direct.findLast(({ id, carries }) => carries && isBetween(this.self, id, begin));
    if (before) copies.push({ peer: before.id, begin, end: first });
    return copies;
  }

  /** The neighbours in clockwise order, beginning at (and including) `from`. */
  #clockwise(from: RingPoint): FloodNeighbour[] {
    const first = this.neighbours.findIndex(({ id }) => comparePoints(id, from) >= 0);
    if (first <= 0) return [...this.neighbours];
    return [...this.neighbours.slice(first), ...this.neighbours.slice(0, first)];
  }
}

/** Cuts a stretch at the members in it. Leafs get copies only before the first carrier: those behind are its own. */
function cut(inside: readonly FloodNeighbour[], origin: RingPoint, end: RingPoint): FloodCopy[] {
  const copies: FloodCopy[] = [];
  let beyondCarrier = false;
  for (let index = 0; index < inside.length; index += 1) {
    const { id, peer, carries } = inside[index] as FloodNeighbour;
    if (!carries) {
      if (!beyondCarrier && id !== origin) copies.push(leafCopy(inside, index, id, peer, end));
      continue;
    }
    beyondCarrier = true;
    const next = inside.slice(index + 1).find(other => other.carries)?.id ?? end;
    copies.push(id === peer ? { peer, end: next } : { peer, begin: id, end: next });
  }
  return copies;
}

function leafCopy(
  inside: readonly FloodNeighbour[],
  index: number,
  id: RingPoint,
  peer: RingPoint,
  end: RingPoint,
): FloodCopy {
  if (id === peer) return { peer, end: id };
  return { peer, begin: id, end: inside[index + 1]?.id ?? end };
}
