import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packCoordinate, predictRtt, unpackCoordinate, VivaldiCoordinate } from './coordinate.ts';

test('a coordinate survives its 48 bits to a tenth of a millisecond', () => {
  const plane = fc.double({ min: -3_000, max: 3_000, noNaN: true });
  const height = fc.double({ min: 0, max: 6_000, noNaN: true });
  fc.assert(
    fc.property(plane, plane, height, (x, y, h) => {
      const packed = packCoordinate({ x, y, height: h });
      assert.ok(Number.isInteger(packed) && packed >= 0 && packed < 2 ** 48);
      const read = unpackCoordinate(packed);
      assert.ok(Math.abs(read.x - x) <= 0.051 && Math.abs(read.y - y) <= 0.051);
      assert.ok(Math.abs(read.height - h) <= 0.051);
    }),
  );
});

test('far-off values are clamped, not wrapped', () => {
  const read = unpackCoordinate(packCoordinate({ x: 1e9, y: -1e9, height: 1e9 }));
  assert.ok(read.x > 3_000 && read.y < -3_000 && read.height > 6_000);
});

test('nodes find coordinates that predict round trips they never measured', () => {
  // Nine nodes on a grid of 40 ms, each with 5 ms of access link.
  const places = [0, 1, 2].flatMap(x => [0, 1, 2].map(y => ({ x: x * 40, y: y * 40, height: 5 })));
  const nodes = places.map((_, i) => new VivaldiCoordinate([(i * 0.37) % 1, (i * 0.61) % 1]));
  const skipped = (a: number, b: number) => (a + b) % 5 === 0;
  for (let round = 0; round < 300; round += 1) {
    nodes.forEach((node, a) => {
      const b = (a + 1 + (round % 8)) % 9;
      const [from, to, peer] = [places[a], places[b], nodes[b]];
      if (!from || !to || !peer || skipped(a, b)) return;
      node.update(predictRtt(from, to), { x: peer.x, y: peer.y, height: peer.height }, peer.error);
    });
  }
  const errors: number[] = [];
  places.forEach((from, a) => {
    places.forEach((to, b) => {
      const [node, peer] = [nodes[a], nodes[b]];
      if (a === b || !skipped(a, b) || !node || !peer) return;
      errors.push(Math.abs(predictRtt(node, peer) / predictRtt(from, to) - 1));
    });
  });
  errors.sort((a, b) => a - b);
  assert.ok((errors[Math.floor(errors.length / 2)] ?? 1) < 0.15, `${errors}`);
});

test('absurd samples alter nothing', () => {
  const node = new VivaldiCoordinate([0.2, 0.8]);
  const before = { ...node };
  for (const rtt of [0, -1, Number.NaN, 1e9]) node.update(rtt, { x: 1, y: 1, height: 1 }, 0.5);
  assert.deepEqual({ ...node }, before);
});
