import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@evio/types';
import fc from 'fast-check';
import { type FloodCopy, type FloodNeighbour, type FloodPart, FloodTable } from './flood-table.ts';
import { comparePoints, type RingPoint, RingPoints } from './ring-point.ts';

const points = new RingPoints();
const arbitraryPoint = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map(bytes => points.intern(Buffer.from(bytes).toString('hex') as NodeId));

interface Ring {
  readonly carriers: RingPoint[];
  readonly leafs: RingPoint[];
  readonly tables: Map<RingPoint, FloodTable>;
}

/** A ring with random shortcuts and leafs, each leaf linked to the carriers on both sides of it. */
const arbitraryRing = fc
  .record({
    all: fc.uniqueArray(arbitraryPoint, { minLength: 2, maxLength: 30, selector: ({ id }) => id }),
    leafCount: fc.nat({ max: 6 }),
    shortcuts: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }),
  })
  .map(({ all, leafCount, shortcuts }): Ring => {
    const leafs = all.slice(0, Math.min(leafCount, all.length - 1));
    const carriers = all.slice(leafs.length).sort(comparePoints);
    const links = new Map<RingPoint, Set<RingPoint>>(all.map(point => [point, new Set()]));
    const link = (a: RingPoint | undefined, b: RingPoint | undefined) => {
      if (!a || !b || a === b) return;
      links.get(a)?.add(b);
      links.get(b)?.add(a);
    };
    for (const [i, carrier] of carriers.entries())
      link(carrier, carriers[(i + 1) % carriers.length]);
    for (const [a, b] of shortcuts)
      link(carriers[a % carriers.length], carriers[b % carriers.length]);
    for (const leaf of leafs) {
      const after = carriers.findIndex(carrier => comparePoints(carrier, leaf) > 0);
      link(leaf, carriers[after] ?? carriers[0]);
      link(leaf, carriers.at(after < 0 ? -1 : after - 1));
    }
    const tables = new Map<RingPoint, FloodTable>();
    for (const [self, peers] of links) {
      const entries = [...peers].map(id => ({ id, peer: id, carries: !leafs.includes(id) }));
      tables.set(self, new FloodTable(self, entries));
    }
    return { carriers, leafs, tables };
  });

function run({ leafs, tables }: Ring, origin: RingPoint) {
  const got = new Map<RingPoint, number>();
  const queue: FloodCopy[] = [];
  const table = (point: RingPoint) => tables.get(point) as FloodTable;
  const isLeaf = leafs.includes(origin);
  const first = isLeaf ? table(origin).startFromLeaf() : undefined;
  queue.push(...(isLeaf ? (first ? [first] : []) : table(origin).start()));
  for (let copy = queue.pop(); copy; copy = queue.pop()) {
    got.set(copy.peer, (got.get(copy.peer) ?? 0) + 1);
    if (!leafs.includes(copy.peer)) queue.push(...table(copy.peer).pass(origin, copy));
  }
  return got;
}

test('everybody gets exactly one copy, leafs too, whoever begins', () => {
  fc.assert(
    fc.property(arbitraryRing, fc.nat(), (ring, pick) => {
      const all = [...ring.carriers, ...ring.leafs];
      const origin = all[pick % all.length] as RingPoint;
      const got = run(ring, origin);
      for (const point of all) assert.equal(got.get(point) ?? 0, point === origin ? 0 : 1);
    }),
    { numRuns: 500 },
  );
});

test('a part that is handed over reaches everybody in it, from wherever', () => {
  fc.assert(
    fc.property(arbitraryRing, fc.nat(), fc.nat(), fc.nat(), (ring, a, b, c) => {
      const { carriers, leafs, tables } = ring;
      const [at, begin, end] = [a, b, c].map(i => carriers[i % carriers.length] as RingPoint);
      if (!at || !begin || !end || begin === end) return;
      const got = new Map<RingPoint, number>();
      const queue = [...(tables.get(at) as FloodTable).pass(at, { begin, end })];
      let copies = 0;
      for (let copy = queue.pop(); copy; copy = queue.pop()) {
        copies += 1;
        assert.ok(copies <= 4 * (carriers.length + leafs.length), 'it does not end');
        const part: FloodPart = copy;
        got.set(copy.peer, (got.get(copy.peer) ?? 0) + 1);
        if (!leafs.includes(copy.peer)) {
          queue.push(...(tables.get(copy.peer) as FloodTable).pass(at, part));
        }
      }
      const inside = carriers.filter(
        p =>
          p !== at &&
          (comparePoints(begin, end) < 0
            ? comparePoints(p, begin) >= 0 && comparePoints(p, end) < 0
            : comparePoints(p, begin) >= 0 || comparePoints(p, end) < 0),
      );
      for (const point of inside) assert.ok((got.get(point) ?? 0) >= 1, `${point.id} is missed`);
    }),
    { numRuns: 500 },
  );
});

test('a member without a direct link is served by a neighbour that has one', () => {
  const id = (digit: string) => points.intern(digit.repeat(32) as NodeId);
  const [self, unlinked, helper, far] = [id('1'), id('2'), id('3'), id('9')];
  const entries: FloodNeighbour[] = [
    { id: unlinked, peer: helper, carries: true },
    { id: helper, peer: helper, carries: true },
    { id: far, peer: far, carries: true },
  ];
  const copies = new FloodTable(self, entries).start();
  assert.deepEqual(copies, [
    { peer: helper, begin: unlinked, end: helper },
    { peer: helper, end: far },
    { peer: far, end: self },
  ]);
  const helping = new FloodTable(helper, [{ id: unlinked, peer: unlinked, carries: true }]);
  assert.deepEqual(helping.pass(self, { begin: unlinked, end: helper }), [
    { peer: unlinked, end: helper },
  ]);
});

test('what is handed over to nobody ends there', () => {
  const id = (digit: string) => points.intern(digit.repeat(32) as NodeId);
  const table = new FloodTable(id('3'), [{ id: id('1'), peer: id('1'), carries: true }]);
  assert.deepEqual(table.pass(id('1'), { begin: id('4'), end: id('5') }), []);
});
