import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeId } from '../control/fixture.ts';
import { Departures, SERVER_KNOWS_BETTER } from './departures.ts';

const B = nodeId('b');
const SHOWN = { online: true, present: true };

test('one that the server calls gone waits for the overlay, until it is shown again', () => {
  const departures = new Departures();
  departures.left(B);
  assert.deepEqual([...departures.gone], [B]);
  departures.present(B);
  assert.deepEqual([...departures.gone], []);
});

test('one that the overlay lost is out when the server does not show it', () => {
  const departures = new Departures();
  assert.ok(departures.lost(0, B, { online: true, present: false }));
  assert.deepEqual(departures.believed(SERVER_KNOWS_BETTER), []);
});

test('without the server a lost one is kept, and looked at when the server is back', () => {
  const departures = new Departures();
  assert.ok(!departures.lost(0, B, { online: false, present: true }));
  assert.deepEqual([...departures.gone], [B]);
});

test('the server is believed about one that it shows, after a while and once', () => {
  const departures = new Departures();
  assert.ok(!departures.lost(1_000, B, SHOWN));
  assert.deepEqual(departures.believed(1_000 + SERVER_KNOWS_BETTER - 1), []);
  assert.deepEqual(departures.believed(1_000 + SERVER_KNOWS_BETTER), [B]);
  assert.deepEqual(departures.believed(60_000), []);
});

test('nothing is said of one that is no member any more', () => {
  const departures = new Departures();
  departures.lost(0, B, SHOWN);
  departures.left(B);
  departures.forget(B);
  assert.deepEqual([...departures.gone], []);
  assert.deepEqual(departures.believed(60_000), []);
});
