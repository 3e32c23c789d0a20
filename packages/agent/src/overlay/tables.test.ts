import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerHandle } from '@evio/datapath';
import { RingPoints } from '@evio/topology';
import { parseNodeId } from '@evio/types';
import { floodNeighbours, routePoints } from './tables.ts';

const points = new RingPoints();
const point = (digit: string) => points.intern(parseNodeId(digit.repeat(32)));
const [one, two, far, leaf] = [point('1'), point('2'), point('8'), point('9')];
const peer = (handle: number, linked: boolean) => ({ handle: handle as PeerHandle, linked });
const peers = new Map([
  [one.id, peer(11, true)],
  [two.id, peer(12, false)],
  [far.id, peer(18, false)],
]);

test('routes name the peer that goes on with a datagram', () => {
  const routes = routePoints(
    { points: [one, far].map(p => ({ point: p, nextHop: one })), leafs: new Map([[leaf, one]]) },
    peers,
  );
  assert.deepEqual(routes, [
    { id: one.id, nextHop: 11 },
    { id: far.id, nextHop: 11 },
    { id: leaf.id, nextHop: 11, leaf: true },
  ]);
});

test('what leads through a link that is gone is left out', () => {
  assert.deepEqual(
    routePoints({ points: [{ point: far, nextHop: two }], leafs: new Map() }, peers),
    [],
  );
  assert.deepEqual(
    floodNeighbours(
      {
        neighbours: [
          { id: one, peer: one, carries: true },
          { id: far, peer: one, carries: false },
          { id: two, peer: two, carries: true },
        ],
      },
      peers,
    ),
    [
      { id: one.id, peer: 11, carries: true },
      { id: far.id, peer: 11, carries: false },
    ],
  );
});
