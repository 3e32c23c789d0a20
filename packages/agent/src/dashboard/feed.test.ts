import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '../control/fixture.ts';
import { Feed, type Reader } from './feed.ts';
import type { Snapshot } from './snapshot.ts';

/** A feed whose seconds pass when the test says so. */
function feedOf(initial = 0) {
  const state = { packets: initial, rssBytes: 1, taken: 0, running: 0, urgent: '' };
  let turn = () => {};
  const take = (): Snapshot => {
    state.taken += 1;
    const { packets, rssBytes } = state;
    const at = new Date(state.taken).toISOString();
    return { at, status: { ...status(), rssBytes, counters: { packets } }, topology: [] };
  };
  const every = (ms: number, call: () => void) => {
    assert.equal(ms, 250);
    turn = call;
    state.running += 1;
    return () => {
      state.running -= 1;
    };
  };
  const second = () => {
    for (let quarter = 0; quarter < 4; quarter += 1) turn();
  };
  const urgent = () => state.urgent;
  return { feed: new Feed({ take, urgent, every }), state, second, quarter: () => turn() };
}

function reader(takes = true) {
  const packets: number[] = [];
  const it = {
    packets,
    takes,
    destroyed: false,
    write(text: string): boolean {
      const [, json = ''] = /^event: snapshot\ndata: (.*)\n\n$/.exec(text) ?? [];
      packets.push((JSON.parse(json) as Snapshot).status.counters['packets'] ?? -1);
      return it.takes;
    },
    destroy() {
      it.destroyed = true;
    },
  };
  return it satisfies Reader;
}

test('a reader gets the present state, and after that only news', () => {
  const { feed, state, second } = feedOf(1);
  const one = reader();
  feed.add(one);
  second();
  state.rssBytes = 2; // passes by itself
  second();
  state.packets = 2;
  second();
  second();
  assert.deepEqual(one.packets, [1, 2]);
});

test('what is urgent does not wait for the end of the second', () => {
  const { feed, state, quarter } = feedOf(1);
  const one = reader();
  feed.add(one);
  state.packets = 2;
  quarter();
  assert.deepEqual(one.packets, [1]);
  state.urgent = 'somebody is gone';
  quarter();
  quarter();
  assert.deepEqual(one.packets, [1, 2]);
});

test('nothing is taken while nobody reads', () => {
  const { feed, state } = feedOf();
  const one = reader();
  feed.add(one);
  assert.equal(state.running, 1);
  feed.remove(one);
  assert.equal(state.running, 0);
});

test('a reader that falls behind gets the last state once it has taken the one before', () => {
  const { feed, state, second } = feedOf();
  const slow = reader(false);
  feed.add(slow);
  state.packets = 1;
  second();
  state.packets = 2;
  second();
  assert.deepEqual(slow.packets, [0]);
  slow.takes = true;
  feed.drained(slow);
  second(); // nothing new, but it has not heard
  second();
  assert.deepEqual(slow.packets, [0, 2]);
});

test('a reader that stands still is dropped, the others are not', () => {
  const { feed, second } = feedOf();
  const dead = reader(false);
  const other = reader();
  feed.add(dead);
  feed.add(other);
  for (let turn = 0; turn < 9; turn += 1) second();
  assert.equal(dead.destroyed, false);
  second();
  assert.equal(dead.destroyed, true);
  assert.equal(other.destroyed, false);
});

test('there is room for eight', () => {
  const { feed } = feedOf();
  const readers = Array.from({ length: 8 }, () => reader());
  for (const each of readers) {
    assert.equal(feed.full, false);
    feed.add(each);
  }
  assert.equal(feed.full, true);
  for (const each of readers.slice(0, 1)) feed.remove(each);
  assert.equal(feed.full, false);
});
