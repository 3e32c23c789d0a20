import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UnderlayPath } from '@evio/datapath';
import { DEAD_AFTER } from './doubt.ts';
import { type LinkSigns, Way } from './way.ts';

const DIRECT: UnderlayPath = { kind: 'direct', remote: { address: '192.0.2.1', port: 4000 } };
const MOVED: UnderlayPath = { kind: 'direct', remote: { address: '192.0.2.9', port: 4009 } };
const SILENT: LinkSigns = { silentMs: undefined, answering: false };

/** What it wanted since the last call, in short. */
function outputs(way: Way): string[] {
  const said: string[] = [];
  for (let out = way.poll(); out !== undefined; out = way.poll()) {
    said.push(out.type === 'path' ? `path ${out.path?.kind ?? 'none'}` : out.type);
  }
  return said;
}

/** A link that is up at time 0. */
function linked({ routed }: { routed: boolean }): Way {
  const way = new Way();
  way.setRouted(routed);
  way.setKeys(true);
  way.selected(DIRECT, true);
  outputs(way);
  return way;
}

/** Lets time pass in silence; what it wanted, without the asking. */
function silence(way: Way, from: number, to: number, signs = SILENT): string[] {
  const said: string[] = [];
  for (let now = from; now <= to; now += 100) {
    way.tick(now, signs);
    said.push(...outputs(way).filter(what => what !== 'ask'));
  }
  return said;
}

test('others carry until there is a link, and again when it ends', () => {
  const way = new Way();
  way.setRouted(true);
  assert.deepEqual(outputs(way), ['path overlay']);
  way.selected(DIRECT, true);
  assert.deepEqual(outputs(way), ['path direct']);
  way.setKeys(true);
  assert.deepEqual(outputs(way), ['up']);
  way.lost('closed');
  assert.deepEqual(outputs(way), ['path overlay', 'down']);
  way.setRouted(false);
  assert.deepEqual(outputs(way), ['path none']);
});

test('a link that is given up here is not reported', () => {
  const way = linked({ routed: false });
  way.lost();
  assert.deepEqual(outputs(way), ['path none']);
});

test('each exchange that makes a link is told', () => {
  const way = linked({ routed: false });
  way.selected(DIRECT, false);
  assert.deepEqual(outputs(way), []);
  way.selected({ ...DIRECT }, true);
  assert.deepEqual(outputs(way), ['path direct', 'up']);
});

test('a silent link is asked, then done without as long as others stand in', () => {
  const way = linked({ routed: true });
  way.doubt(1_000);
  assert.deepEqual(outputs(way), ['stalled']);
  way.tick(1_000, SILENT);
  assert.deepEqual(outputs(way), ['ask']);
  assert.deepEqual(silence(way, 1_100, 1_000 + DEAD_AFTER + 300), ['down', 'path overlay']);
  assert.ok(!way.onLink);
  assert.deepEqual(way.linkPath, DIRECT);
});

test('a silent link is kept when nobody stands in, and is back as soon as the peer is heard', () => {
  const way = linked({ routed: false });
  way.doubt(0);
  assert.deepEqual(silence(way, 0, 5_000), ['stalled', 'down']);
  assert.ok(way.onLink);
  assert.deepEqual(silence(way, 5_100, 7_000, { silentMs: 10, answering: true }), ['up']);
});

test('a peer that is heard in time dispels the doubt', () => {
  const way = linked({ routed: true });
  way.doubt(0);
  assert.deepEqual(silence(way, 0, 1_000, { silentMs: 20, answering: true }), ['stalled', 'heard']);
  assert.ok(!way.doubted);
});

test('a link that others stand in for is tried again while ICE says that it works', () => {
  const way = linked({ routed: true });
  way.doubt(0);
  silence(way, 0, 2_000);
  assert.deepEqual(silence(way, 2_100, 10_000), []);
  assert.deepEqual(silence(way, 10_100, 10_200, { silentMs: 50, answering: true }), [
    'path direct',
    'up',
  ]);
});

test('news of another address does not revive a link that is no more', () => {
  const way = linked({ routed: true });
  way.lost('failed');
  outputs(way);
  way.roamed(MOVED);
  assert.deepEqual(outputs(way), []);
  assert.equal(way.linkPath, undefined);
  assert.ok(!way.onLink);
});

test('a peer that is heard from another address has its link back from those that stood in', () => {
  const way = linked({ routed: true });
  way.doubt(0);
  silence(way, 0, 2_000);
  way.roamed(MOVED);
  assert.deepEqual(outputs(way), ['path direct', 'up']);
  assert.deepEqual(way.path, MOVED);
});

test('the datapath follows the peer by itself', () => {
  const way = linked({ routed: true });
  way.roamed(MOVED);
  assert.deepEqual(outputs(way), []);
  assert.deepEqual(way.path, MOVED);
});

test('a peer is silent from the first doubt until it is heard by whatever way', () => {
  const way = linked({ routed: true });
  way.doubt(1_000);
  assert.ok(way.silent);
  silence(way, 1_000, 3_000);
  assert.equal(way.path?.kind, 'overlay');
  assert.ok(way.silent);
  way.lost('failed');
  assert.ok(way.silent);
  way.tick(20_000, { silentMs: 10, answering: false });
  assert.ok(!way.silent);
});

test('a link that is used for want of others is heard again, whatever ICE says', () => {
  const way = linked({ routed: true });
  way.doubt(0);
  silence(way, 0, 2_000);
  way.setRouted(false);
  assert.ok(way.onLink && way.silent);
  way.tick(9_000, { silentMs: 100, answering: true });
  assert.ok(!way.silent);
});

test('a link that works, or is given up, ends the silence', () => {
  const way = linked({ routed: false });
  way.doubt(0);
  way.recovered();
  assert.ok(!way.silent);
  way.doubt(0);
  way.lost();
  assert.ok(!way.silent);
});

test('a silent peer is asked through others, slowly after five seconds', () => {
  const way = linked({ routed: true });
  way.doubt(0);
  silence(way, 0, DEAD_AFTER);
  way.lost('failed');
  let asked = 0;
  for (let now = 2_000; now < 32_000; now += 100) {
    way.tick(now, SILENT);
    asked += outputs(way).filter(what => what === 'ask').length;
  }
  assert.ok(asked >= 8 && asked <= 11, String(asked));
});

test('one that does not answer through others is silent too, as long as it has keys', () => {
  const way = new Way();
  way.setRouted(true);
  way.setKeys(true);
  way.unanswered(0);
  assert.ok(way.silent);
  way.setKeys(false);
  assert.ok(!way.silent);
});
