import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@evio/types';
import fc from 'fast-check';
import { compareDistance, comparePoints, type RingPoint, RingPoints } from './ring-point.ts';
import { FIRST_BOUND, progressOf, type RouteEntry, RouteTable } from './route-table.ts';

const points = new RingPoints();
const arbitraryPoint = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map(bytes => points.intern(Buffer.from(bytes).toString('hex') as NodeId));

/** Tables in which anybody may believe anything of anybody: as stale as can be. */
const arbitraryTables = fc
  .uniqueArray(arbitraryPoint, { minLength: 3, maxLength: 12, selector: ({ id }) => id })
  .chain(nodes => {
    const index = fc.nat({ max: nodes.length - 1 });
    const beliefs = fc.array(fc.tuple(index, index), { maxLength: 12 });
    return fc.tuple(
      fc.constant(nodes),
      fc.array(beliefs, { minLength: nodes.length, maxLength: nodes.length }),
    );
  })
  .map(([nodes, beliefs]) => ({
    nodes,
    tables: nodes.map((self, i) => table(self, nodes, beliefs[i] ?? [])),
  }));

function table(self: RingPoint, nodes: RingPoint[], beliefs: [number, number][]): RouteTable {
  const entries = new Map<RingPoint, RouteEntry>();
  for (const [via, to] of beliefs) {
    const [nextHop, point] = [nodes[via], nodes[to]];
    if (!nextHop || !point || nextHop === self) continue;
    entries.set(nextHop, { point: nextHop, nextHop });
    if (point !== self && !entries.has(point)) entries.set(point, { point, nextHop });
  }
  const sorted = [...entries.values()].sort((a, b) => comparePoints(a.point, b.point));
  return new RouteTable(self, sorted, new Map());
}

test('the best point is the nearest of all, found among the two that enclose the destination', () => {
  fc.assert(
    fc.property(arbitraryTables, arbitraryPoint, ({ tables }, destination) => {
      for (const { self, points: entries, neighbours, next } of tables.map(t => ({
        self: t.self,
        points: t.points,
        neighbours: t.neighbours,
        next: t.next(destination, { bound: FIRST_BOUND, plain: false }),
      }))) {
        const all = [...entries].sort((a, b) => compareDistance(destination, a.point, b.point));
        const best = all[0];
        if (best && compareDistance(destination, best.point, self) < 0) {
          assert.equal(next?.bound, progressOf(best, destination));
        } else assert.ok(!next || (next.plain && neighbours.length > 0));
      }
    }),
  );
});

test('no datagram loops, whatever the nodes believe of one another', () => {
  fc.assert(
    fc.property(arbitraryTables, fc.nat(), fc.nat(), ({ nodes, tables }, from, to) => {
      const destination = nodes[to % nodes.length] as RingPoint;
      let at = tables[from % nodes.length] as RouteTable;
      let state = { bound: FIRST_BOUND, plain: false };
      let nearest = at.self;
      for (let hops = 0; at.self !== destination; hops += 1) {
        assert.ok(hops <= 64, 'it loops');
        const step = at.next(destination, state);
        if (!step) return;
        if (step.plain) {
          if (state.plain) assert.ok(compareDistance(destination, at.self, nearest) <= 0);
          assert.ok(compareDistance(destination, step.nextHop, at.self) < 0);
          nearest = step.nextHop;
        } else assert.ok(step.bound < state.bound);
        state = { bound: step.bound, plain: step.plain };
        at = tables[nodes.indexOf(step.nextHop)] as RouteTable;
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a leaf is a destination and never a way', () => {
  const id = (digit: string) => points.intern(digit.repeat(32) as NodeId);
  const [self, neighbour, leaf, beyond] = [id('1'), id('3'), id('5'), id('6')];
  const entries = [{ point: neighbour, nextHop: neighbour }];
  const routes = new RouteTable(self, entries, new Map([[leaf, neighbour]]));
  const first = { bound: FIRST_BOUND, plain: false };
  assert.equal(routes.next(leaf, first)?.nextHop, neighbour);
  assert.equal(routes.next(beyond, first)?.nextHop, neighbour);
  const direct = new RouteTable(self, entries, new Map([[leaf, leaf]]));
  assert.equal(direct.next(leaf, { bound: 0, plain: true })?.nextHop, leaf);
  assert.equal(direct.next(beyond, first)?.nextHop, neighbour);
});
