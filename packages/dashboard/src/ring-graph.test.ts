import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OverlayStatus, OverlayTopology } from '@evio/agent/control';
import { parseNodeId } from '@evio/types';
import { ringGraph, ringPosition, widthOf } from './ring-graph.ts';

const [a, b, c] = ['00', '40', '80'].map(text => parseNodeId(text.padEnd(32, '0')));
if (a === undefined || b === undefined || c === undefined) throw new Error('three ids');

const PATH = {
  kind: 'direct',
  local: null,
  remote: null,
  via: [],
  rttMs: null,
  mtu: null,
} as const;
const overlay = { peers: [] as OverlayStatus['peers'] } as OverlayStatus;
const topology: OverlayTopology = {
  overlay: 'edge',
  nodes: [a, b, c].map(id => ({ id, jid: 'n@x', name: id.slice(0, 2), self: id === a })),
  links: [{ from: a, to: b, role: 'successor', path: 'direct', rttMs: 4 }],
  heard: [
    { from: b, to: a },
    { from: b, to: c },
    { from: b, to: parseNodeId('f'.repeat(32)) },
  ],
};

test('nodes stand where their ids are in the ring, clockwise from the top', () => {
  assert.equal(ringPosition(c), 0.5);
  const { nodes } = ringGraph(overlay, topology);
  assert.deepEqual(
    nodes.map(({ x, y }) => [Math.round(x), Math.round(y)]),
    [
      [0, 1],
      [1, 0],
      [0, -1],
    ],
  );
});

test('each pair is drawn once, by what is known best, and never to a stranger', () => {
  const { links } = ringGraph(overlay, topology);
  assert.deepEqual(
    links.map(({ from, to, look }) => [from, to, look]),
    [
      [a, b, 'successor'],
      [b, c, 'heard'],
    ],
  );
});

test('a member that nobody reaches is not on the ring, nor are its links', () => {
  const peers = [{ id: c, reachable: false, path: PATH }] as unknown as OverlayStatus['peers'];
  const { nodes, links } = ringGraph({ ...overlay, peers }, topology);
  assert.deepEqual(
    nodes.map(({ key }) => key),
    [a, b],
  );
  assert.equal(links.length, 1);
});

test('a trace goes from this node from hop to hop', () => {
  const path = { ...PATH, rttMs: 1 } as const;
  const hop = (id: typeof b) => ({ id, name: 'x', path, rttMs: 1, reason: 'target' }) as const;
  const trace = { target: { overlay: 'edge', id: c }, hops: [hop(b), hop(c)] };
  const { links } = ringGraph(overlay, topology, { trace });
  assert.deepEqual(
    links.filter(({ look }) => look === 'trace').map(({ from, to }) => [from, to]),
    [
      [a, b],
      [b, c],
    ],
  );
});

test('on the map stand those with coordinates, and the links between them', () => {
  const coordinates = { '00': [52.5, 13.4], '40': [48.9, 2.4] } as const;
  const { nodes, links, scene } = ringGraph(overlay, topology, { coordinates });
  assert.equal(scene, 'map');
  assert.deepEqual(
    nodes.map(({ key }) => key),
    [a, b],
  );
  assert.equal(links.length, 1);
});

test('a member called like what every object has is one without coordinates', () => {
  const names = ['constructor', '__proto__', 'toString'];
  const nodes = topology.nodes.map((node, index) => ({ ...node, name: names[index] ?? '' }));
  const coordinates = JSON.parse('{ "__proto__": [48.9, 2.4] }');
  const graph = ringGraph(overlay, { ...topology, nodes }, { coordinates });
  assert.deepEqual(
    graph.nodes.map(({ label }) => label),
    ['__proto__'],
  );
});

test('the nearer a node, the wider its link', () => {
  assert.deepEqual([0.1, 1, 4, 1_000_000, null].map(widthOf), [5, 5, 4, 1, 1]);
});
