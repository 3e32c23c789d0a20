import type { FloodCopy, FloodNeighbour, FloodTable } from './flood-table.ts';
import { isBetween, type RingPoint } from './ring-point.ts';

/** Longer than it takes to notice that a link is dead. */
export const FLOOD_LOG_MS = 10_000;
export const FLOOD_LOG_SIZE = 256;

interface LoggedFlood<Flood> {
  readonly at: number;
  readonly flood: Flood;
  readonly origin: RingPoint;
  /** The part (self, end) that was passed on. */
  readonly end: RingPoint;
}

/**
 * The floods of the last seconds, to repair what a change of the ring tore open: the part of a
 * neighbour that died goes another way, and a node that came in between gets what it missed.
 */
export class FloodLog<Flood> {
  #logged: LoggedFlood<Flood>[] = [];

  /** Remembers a flood whose part begins with this node. */
  add(now: number, flood: Flood, origin: RingPoint, end: RingPoint): void {
    if (this.#logged.length >= FLOOD_LOG_SIZE) this.#logged.shift();
    this.#logged.push({ at: now, flood, origin, end });
  }

  /** What to send again after the table changed. `lost`: neighbours whose link died (not unlinked). */
  repair(
    now: number,
    before: FloodTable,
    after: FloodTable,
    lost: ReadonlySet<RingPoint>,
  ): { flood: Flood; origin: RingPoint; copy: FloodCopy }[] {
    this.#logged = this.#logged.filter(({ at }) => now - at <= FLOOD_LOG_MS);
    const repairs: { flood: Flood; origin: RingPoint; copy: FloodCopy }[] = [];
    for (const { flood, origin, end } of this.#logged) {
      for (const copy of repairCopies(before, after, lost, origin, end)) {
        repairs.push({ flood, origin, copy });
      }
    }
    return repairs;
  }
}

function repairCopies(
  before: FloodTable,
  after: FloodTable,
  lost: ReadonlySet<RingPoint>,
  origin: RingPoint,
  end: RingPoint,
): FloodCopy[] {
  const { self } = before;
  const old = carriersIn(before, self, end);
  const copies: FloodCopy[] = [];
  old.forEach(({ id }, index) => {
    if (!lost.has(id)) return;
    copies.push(...after.pass(origin, { begin: id, end: old[index + 1]?.id ?? end }));
  });
  const remaining = old.filter(({ id }) => !lost.has(id));
  const first = remaining[0]?.id ?? end;
  const known = new Set(old.map(({ id }) => id));
  const arrived = carriersIn(after, self, first).filter(({ id }) => !known.has(id));
  arrived.forEach(({ id }, index) => {
    copies.push({ peer: id, end: arrived[index + 1]?.id ?? first });
  });
  return copies;
}

/** The linked carriers in (self, end), clockwise. */
function carriersIn(table: FloodTable, self: RingPoint, end: RingPoint): FloodNeighbour[] {
  const inside = table.neighbours.filter(
    ({ id, peer, carries }) => carries && id === peer && isBetween(self, id, end),
  );
  return [
    ...inside.filter(({ id }) => isBetween(self, id, self) && id.id > self.id),
    ...inside.filter(({ id }) => id.id < self.id),
  ];
}
