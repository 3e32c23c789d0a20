import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '../control/fixture.ts';
import { Feed, type Reader } from './feed.ts';
import type { Snapshot } from './snapshot.ts';

/** A feed whose seconds pass when the test says so. */
function feedOf(initial = 0) {
  const state = { packets: initial, rssBytes: 1, taken: 0, running: 0, urgent: '', fault: '' };
  let turn = () => {};
  const take = (): Snapshot => {
    if (state.fault !== '') throw new TypeError(state.fault);
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
  const faults: unknown[] = [];
  const onFault = (error: unknown) => faults.push(error);
  return {
    feed: new Feed({ take, urgent, onFault, every }),
    state,
    faults,
    second,
    quarter: () => turn(),
  };
}

function reader(takes = true) {
  const packets: number[] = [];
  const it = {
    packets,
    comments: 0,
    takes,
    destroyed: false,
    write(text: string): boolean {
      if (text === ': \n\n') {
        it.comments += 1;
        return it.takes;
      }
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

test('urgent news do not shorten the ten seconds that a slow reader has', () => {
  const { feed, state, quarter } = feedOf();
  const slow = reader(false);
  feed.add(slow);
  for (let turn = 1; turn < 40; turn += 1) {
    state.packets = turn;
    state.urgent = `it is the turn of ${turn}`;
    quarter();
  }
  assert.equal(slow.destroyed, false);
  quarter();
  assert.equal(slow.destroyed, true);
  assert.equal(state.running, 0);
});

test('a reader hears something each five seconds, also without news', () => {
  const { feed, state, second, quarter } = feedOf(1);
  const one = reader();
  feed.add(one);
  for (let turn = 1; turn < 20; turn += 1) quarter();
  assert.equal(one.comments, 0);
  quarter();
  assert.equal(one.comments, 1);
  state.packets = 2; // at the end of the second, and the five begin anew
  for (let seconds = 0; seconds < 5; seconds += 1) second();
  assert.deepEqual([one.packets, one.comments], [[1, 2], 1]);
  second();
  assert.equal(one.comments, 2);
});

test('no comment is added to what still waits for its reader', () => {
  const { feed, second } = feedOf();
  const slow = reader(false);
  feed.add(slow);
  for (let seconds = 0; seconds < 9; seconds += 1) second();
  assert.equal(slow.comments, 0);
  feed.drained(slow);
  second();
  assert.equal(slow.comments, 1);
});

test('a turn that fails is told and ends the readers, who may come back', () => {
  const { feed, state, faults, second } = feedOf();
  const one = reader();
  feed.add(one);
  state.fault = 'no snapshot';
  second();
  assert.equal(faults.length, 1);
  assert.match(String(faults[0]), /no snapshot/);
  assert.deepEqual([one.destroyed, state.running], [true, 0]);
  const two = reader();
  assert.throws(() => feed.add(two), /no snapshot/);
  assert.deepEqual([two.packets, state.running, feed.full], [[], 0, false]);
  state.fault = '';
  feed.add(two);
  assert.deepEqual([two.packets, state.running], [[0], 1]);
});
