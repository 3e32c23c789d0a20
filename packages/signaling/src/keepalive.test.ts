import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Keepalive } from './keepalive.ts';

const TIMES = { silenceMs: 30_000, answerMs: 5000 };

test('a silent connection is asked after 30 s and dead 5 s later', () => {
  const keepalive = new Keepalive(0, TIMES);
  assert.equal(keepalive.nextTimeout(), 30_000);
  assert.equal(keepalive.poll(29_999), 'quiet');
  assert.equal(keepalive.poll(30_000), 'ask');
  keepalive.asked(30_000);
  assert.equal(keepalive.poll(34_999), 'quiet');
  assert.equal(keepalive.poll(35_000), 'dead');
});

test('any byte is a sign of life', () => {
  const keepalive = new Keepalive(0, TIMES);
  keepalive.asked(30_000);
  keepalive.heard(34_000);
  assert.equal(keepalive.poll(60_000), 'quiet');
  assert.equal(keepalive.poll(64_000), 'ask');
});

test('more questions do not prolong the time for the first answer; a short one shortens it', () => {
  const keepalive = new Keepalive(0, TIMES);
  keepalive.asked(0);
  keepalive.asked(4000);
  assert.equal(keepalive.nextTimeout(), 5000);
  keepalive.asked(1000, 1000);
  assert.equal(keepalive.poll(2000), 'dead');
});
