import type { FloodCopy, FloodNeighbour, FloodPart, FloodTable } from './flood-table.ts';
import { comparePoints, isBetween, type RingPoint } from './ring-point.ts';

/** Longer than it takes to notice that a link is dead. */
export const FLOOD_LOG_MS = 10_000;
export const FLOOD_LOG_SIZE = 256;

interface LoggedFlood<Flood> {
  readonly at: number;
  readonly flood: Flood;
  readonly origin: RingPoint;
  /** The part that was passed on. */
  readonly part: FloodPart;
}

/**
 * The floods of the last seconds, to repair what a change of the ring tore open: the part of a
 * neighbour that died goes another way, and a node that came in between gets what it missed.
 */
export class FloodLog<Flood> {
  #logged: LoggedFlood<Flood>[] = [];

  /** Remembers a part that was begun or received here. */
  add(now: number, flood: Flood, origin: RingPoint, part: FloodPart): void {
    if (this.#logged.length >= FLOOD_LOG_SIZE) this.#logged.shift();
    this.#logged.push({ at: now, flood, origin, part });
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
    for (const { flood, origin, part } of this.#logged) {
      for (const copy of repairCopies(before, after, lost, origin, part)) {
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
  part: FloodPart,
): FloodCopy[] {
  const { end } = part;
  const old = carriersIn(before, part);
  const copies: FloodCopy[] = [];
  old.forEach((id, index) => {
    if (lost.has(id)) copies.push(...after.pass(origin, { begin: id, end: old[index + 1] ?? end }));
  });
  const first = old.find(id => !lost.has(id)) ?? end;
  const upToFirst = part.begin ? { begin: part.begin, end: first } : { end: first };
  const arrived = carriersIn(after, upToFirst).filter(id => !old.includes(id));
  arrived.forEach((id, index) => {
    if (id !== origin) copies.push({ peer: id, end: arrived[index + 1] ?? first });
  });
  return copies;
}

/** The linked carriers in a part, clockwise. */
function carriersIn({ self, neighbours }: FloodTable, { begin, end }: FloodPart): RingPoint[] {
  const from = begin ?? self;
  const inside = neighbours.filter(
    ({ id, peer, carries }: FloodNeighbour) =>
      carries && id === peer && ((id === begin && begin !== end) || isBetween(from, id, end)),
  );
  const ids = inside.map(({ id }) => id);
  const first = ids.findIndex(id => comparePoints(id, from) >= 0);
  return first <= 0 ? ids : [...ids.slice(first), ...ids.slice(0, first)];
}
