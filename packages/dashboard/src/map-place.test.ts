import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapExtent, mapPlaces, mercator } from './map-place.ts';

test('the map is a square, with north up and east right', () => {
  assert.deepEqual(mercator([0, 0]), { x: 0, y: mercator([0, 0]).y });
  assert.ok(Math.abs(mercator([0, 0]).y) < 1e-12);
  assert.equal(mercator([10, 180]).x, 1);
  assert.ok(Math.abs(mercator([90, 0]).y - 1) < 1e-3);
  assert.ok(mercator([-90, 0]).y < -0.99);
});

test('nodes at one place stand around it, and those without coordinates nowhere', () => {
  const at = [52.5, 13.4] as const;
  const places = mapPlaces([
    { key: 'a', at },
    { key: 'b', at },
    { key: 'c', at: undefined },
  ]);
  assert.deepEqual([...places.keys()], ['a', 'b']);
  assert.deepEqual(places.get('a'), mercator(at));
  assert.notDeepEqual(places.get('b'), places.get('a'));
});

test('all places are in view, and a single one is not all of it', () => {
  const { x, y } = mapExtent([{ x: 0.1, y: 0.2 }]);
  assert.ok(x[0] < 0.1 && x[1] > 0.1 && y[0] < 0.2 && y[1] > 0.2);
  assert.deepEqual(mapExtent([]), { x: [-1, 1], y: [-1, 1] });
});
