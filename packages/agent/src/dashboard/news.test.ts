import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peer, status } from '../control/fixture.ts';
import { isNews } from './news.ts';
import type { Snapshot } from './snapshot.ts';

function snapshot(over: Partial<Snapshot['status']> = {}): Snapshot {
  return { at: new Date(0).toISOString(), status: { ...status(), ...over }, topology: [] };
}
const session = (ageSeconds: number) =>
  status([peer('b', { session: { state: 'up', cipher: 'aes-256-gcm', ageSeconds } })]);

test('the time, ages and memory are no news', () => {
  assert.ok(!isNews(snapshot(), snapshot()));
  assert.ok(!isNews(snapshot(), { ...snapshot(), at: new Date(1).toISOString() }));
  assert.ok(!isNews(snapshot(), snapshot({ rssBytes: 1 })));
  assert.ok(!isNews(snapshot(session(3)), snapshot(session(4))));
});

test('any other difference is, however deep', () => {
  for (const after of [
    snapshot({ counters: {} }),
    snapshot({ counters: { rxMalformed: 1 } }),
    snapshot({ counters: { other: 0 } }),
    snapshot({ ports: { ipv4: null, ipv6: null } }),
    snapshot(status([])),
    snapshot(status([peer('b'), peer('c')])),
    snapshot(status([peer('b', { path: { ...peer('b').path, via: ['192.0.2.9:3478'] } })])),
    { ...snapshot(), coordinates: { 'edge-b': [52.5, 13.4] } },
  ]) {
    assert.ok(isNews(snapshot(), after), JSON.stringify(after));
    assert.ok(isNews(after, snapshot()), JSON.stringify(after));
  }
});
