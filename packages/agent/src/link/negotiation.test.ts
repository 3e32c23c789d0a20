import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ANSWER_TIMEOUT,
  FIRST_PAUSE,
  LONGEST_PAUSE,
  Negotiation,
  OFFER_WAIT,
  RESTART_INTERVAL,
} from './negotiation.ts';

const first = () => new Negotiation({ offersFirst: true, jitter: () => 0.5 });
const second = () => new Negotiation({ offersFirst: false, jitter: () => 0.5 });

/** A negotiation that offered `s1` at 0 and got its answer. */
function connected(): Negotiation {
  const link = first();
  link.reach(0);
  link.offered(0, 's1');
  link.answered(10, 's1');
  link.connected('s1');
  return link;
}

test('the lower id offers at once, the other only when nothing comes', () => {
  const low = first();
  low.reach(0);
  assert.equal(low.tick(0), true);

  const high = second();
  high.reach(0);
  assert.equal(high.tick(OFFER_WAIT - 1), false);
  assert.equal(high.tick(OFFER_WAIT), true);
});

test('of two offers that cross, the lower id’s stands', () => {
  const low = first();
  const high = second();
  low.reach(0);
  high.reach(0);
  low.offered(0, 'low');
  high.offered(0, 'high');
  assert.equal(low.accepts(), false);
  assert.equal(high.accepts(), true);
  high.answering(5, 'low');
  assert.equal(high.answered(6, 'high'), false);
  assert.equal(low.answered(10, 'low'), true);
});

test('an offer that nobody answers is made again, later each time', () => {
  const link = first();
  link.reach(0);
  let now = 0;
  const pauses: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    assert.equal(link.tick(now), true);
    link.offered(now, `s${round}`);
    now = link.nextTimeout() ?? assert.fail('an offer has a timeout');
    assert.equal(link.tick(now), false);
    const next = link.nextTimeout() ?? assert.fail('a pause has an end');
    pauses.push(next - now);
    now = next;
  }
  assert.ok(now >= 8 * ANSWER_TIMEOUT);
  assert.equal(pauses[0], FIRST_PAUSE);
  assert.equal(pauses[1], 2 * FIRST_PAUSE);
  assert.equal(pauses.at(-1), LONGEST_PAUSE);
});

test('a link that works offers nothing and has no timeout', () => {
  const link = connected();
  assert.equal(link.nextTimeout(), undefined);
  assert.equal(link.tick(1e9), false);
});

test('a restart offers at once, but not twice within the interval', () => {
  const link = connected();
  link.restart(5_000);
  assert.equal(link.tick(5_000), true);
  link.offered(5_000, 's2');
  link.answered(5_010, 's2');
  link.connected('s2');
  link.restart(5_100);
  assert.equal(link.tick(5_100), false);
  assert.equal(link.tick(5_000 + RESTART_INTERVAL), true);
});

test('a link that works survives the loss of signaling', () => {
  const link = connected();
  link.unreach();
  assert.equal(link.state.kind, 'connected');
  link.reach(60_000);
  assert.equal(link.state.kind, 'connected');
});

test('a restart without signaling waits for signaling', () => {
  const link = connected();
  link.unreach();
  link.restart(5_000);
  assert.equal(link.tick(9_000), false);
  link.reach(10_000);
  assert.equal(link.tick(10_000), true);
});

test('what a former exchange says no longer counts', () => {
  const link = connected();
  const kind = () => link.state.kind;
  link.failed(100, 's0');
  assert.equal(kind(), 'connected');
  link.failed(100, 's1');
  assert.equal(kind(), 'pausing');
  link.connected('s1');
  assert.equal(kind(), 'pausing');
});

test('a peer that restarted is offered to anew', () => {
  const link = connected();
  link.unreach();
  link.peerRestarted(20_000);
  assert.equal(link.tick(20_000), true);
});

test('only a change of the ground interrupts what is under way', () => {
  const link = connected();
  link.restart(5_000);
  link.offered(5_000, 's2');
  link.restart(7_000);
  assert.equal(link.state.kind, 'offering');
  link.restart(7_000, { force: true });
  assert.equal(link.tick(7_000), true);
});
