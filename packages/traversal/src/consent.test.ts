import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Consent } from './consent.ts';
import { ICE_TIMING } from './ice-timing.ts';

/** Lets time pass; returns when checks were sent. */
function run(consent: Consent, from: number, to: number): number[] {
  const sent: number[] = [];
  for (let now = from; now <= to; now += 5) if (consent.due(now)) sent.push(now);
  return sent;
}

test('the peer is asked every five seconds, give or take a fifth', () => {
  for (const [random, at] of [
    [0, 4000],
    [0.5, 5000],
    [0.75, 5500],
  ] as const) {
    const consent = new Consent(0, ICE_TIMING, () => random, 20);
    assert.deepEqual(run(consent, 0, at + 50), [at]);
  }
});

test('a missed answer is followed by quick checks, then by the word disconnected', () => {
  const consent = new Consent(0, ICE_TIMING, () => 0.5, 20);
  assert.deepEqual(run(consent, 0, 5600), [5000, 5150, 5300, 5450, 5600]);
  assert.ok(!consent.disconnected);
  run(consent, 5605, 5750);
  assert.ok(consent.disconnected);
});

test('on a long path it waits for three round trips', () => {
  const consent = new Consent(0, ICE_TIMING, () => 0.5, 200);
  assert.deepEqual(run(consent, 0, 6500), [5000, 5600, 6200]);
});

test('a suspicion is looked into at once', () => {
  const consent = new Consent(0, ICE_TIMING, () => 0.5, 20);
  consent.verify(1000);
  assert.deepEqual(run(consent, 1000, 1800), [1000, 1150, 1300, 1450, 1600, 1750]);
  assert.ok(consent.disconnected);
});

test('suspicion upon suspicion does not add checks', () => {
  const consent = new Consent(0, ICE_TIMING, () => 0.5, 20);
  const sent: number[] = [];
  for (let now = 1000; now < 1600; now += 5) {
    consent.verify(now);
    if (consent.due(now)) sent.push(now);
  }
  assert.deepEqual(sent, [1000, 1150, 1300, 1450]);
});

test('an answer makes all well again', () => {
  const consent = new Consent(0, ICE_TIMING, () => 0.5, 20);
  run(consent, 0, 8000);
  assert.ok(consent.disconnected);
  consent.answered(8000);
  assert.ok(!consent.disconnected);
  assert.deepEqual(run(consent, 8000, 12_999), []);
});

test('thirty seconds without an answer end it (RFC 7675 §5.1)', () => {
  const consent = new Consent(0, ICE_TIMING, () => 0.5, 20);
  run(consent, 0, 29_000);
  assert.ok(!consent.expired(29_999));
  assert.ok(consent.expired(30_000));
});

test('other traffic of the peer keeps it from worry, but is no consent', () => {
  const consent = new Consent(0, ICE_TIMING, () => 0.5, 20);
  for (let now = 0; now <= 29_995; now += 5) {
    consent.due(now);
    if (now % 500 === 0) consent.heard();
    assert.ok(!consent.disconnected);
  }
  assert.ok(consent.expired(30_000));
});
