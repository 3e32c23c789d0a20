import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvioError } from '@evio/types';
import type { Request } from './iq.ts';
import { Outbox } from './outbox.ts';

const TIMES = { queueMs: 60_000, answerMs: 10_000 };

/** A request that remembers its end. */
function request(id: string, to: string | undefined, ends: Map<string, string>): Request {
  return {
    id,
    to,
    text: `<${id}/>`,
    resolve: () => ends.set(id, 'answered'),
    reject: (error: EvioError) => ends.set(id, error.code),
  };
}

function outboxWith(...ids: string[]) {
  const ends = new Map<string, string>();
  const outbox = new Outbox(TIMES);
  for (const id of ids) outbox.enqueue(0, request(id, 'peer@x/r', ends));
  return { outbox, ends };
}

test('a request waits a minute for a connection', () => {
  const { outbox, ends } = outboxWith('a');
  assert.equal(outbox.nextTimeout(), 60_000);
  assert.equal(outbox.expire(59_999), 0);
  assert.equal(outbox.expire(60_000), 1);
  assert.equal(ends.get('a'), 'SIGNALING_OFFLINE');
});

test('a written request waits ten seconds for its answer', () => {
  const { outbox, ends } = outboxWith('a');
  outbox.next(5000);
  outbox.expire(14_999);
  assert.equal(ends.size, 0);
  outbox.expire(15_000);
  assert.equal(ends.get('a'), 'SIGNALING_TIMEOUT');
});

test('only the one who was asked can answer', () => {
  const { outbox } = outboxWith('a');
  outbox.next(0);
  assert.equal(outbox.answered('a', 'mallory@x/r'), undefined);
  assert.equal(outbox.answered('a', undefined), undefined);
  assert.equal(outbox.answered('a', 'peer@x/r')?.id, 'a');
  assert.equal(outbox.answered('a', 'peer@x/r'), undefined);
});

test('a full queue refuses', () => {
  const ends = new Map<string, string>();
  const outbox = new Outbox(TIMES);
  for (let n = 0; n < 300; n += 1) outbox.enqueue(0, request(`r${n}`, 'peer@x/r', ends));
  assert.equal(outbox.queued, 256);
  assert.equal(ends.get('r256'), 'SIGNALING_QUEUE_FULL');
});

test('while the connection is away, time for an answer does not run', () => {
  const { outbox, ends } = outboxWith('a');
  outbox.next(0);
  outbox.suspended(9000, Object.assign(new Error('cut'), { code: 'X' }) as EvioError);
  outbox.expire(30_000);
  outbox.resumed(30_000);
  outbox.expire(39_999);
  assert.equal(ends.size, 0);
  outbox.expire(40_000);
  assert.equal(ends.get('a'), 'SIGNALING_TIMEOUT');
});

test('after a fresh login nothing is delivered twice, and order is kept', () => {
  const { outbox, ends } = outboxWith('taken', 'missed', 'unknown', 'queued');
  for (let n = 0; n < 3; n += 1) outbox.next(0);
  outbox.renewed(1000, {
    unsent: [{ text: '<missed/>', request: 'missed' }, { text: '<presence/>' }],
    unknown: [{ text: '<unknown/>', request: 'unknown' }],
  });
  assert.equal(ends.get('unknown'), 'SIGNALING_LOST');
  assert.equal(outbox.answered('taken', 'peer@x/r')?.id, 'taken');
  assert.deepEqual([outbox.next(1000)?.id, outbox.next(1000)?.id], ['missed', 'queued']);
});

test('without stream management everything that was on the way is lost', () => {
  const { outbox, ends } = outboxWith('a', 'b');
  outbox.next(0);
  outbox.renewed(0, undefined);
  assert.equal(ends.get('a'), 'SIGNALING_LOST');
  assert.equal(outbox.next(0)?.id, 'b');
});
