import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InitiationClock } from './initiation-clock.ts';
import { TimestampGuard } from './timestamp-guard.ts';

test('timestamps grow also when the wall clock stands still or goes back', () => {
  const readings = [1000, 1000, 500, 2000];
  const clock = new InitiationClock(() => readings.shift() ?? 0);
  const stamps = [clock.next(), clock.next(), clock.next(), clock.next()];
  for (const [index, stamp] of stamps.slice(1).entries()) {
    assert.ok(Buffer.compare(stamp, stamps[index] ?? stamp) > 0);
  }
  assert.equal(Buffer.from(stamps[0] ?? []).toString('hex'), '400000000000000b00000000');
  const afterBoot = new InitiationClock(() => 0, clock.last);
  assert.ok(Buffer.compare(afterBoot.next(), stamps[3] ?? new Uint8Array()) > 0);
});

test('a timestamp counts once, in any order within a minute, and never when older', () => {
  let now = 1_000_000;
  const clock = new InitiationClock(() => now);
  const guard = new TimestampGuard();
  const old = clock.next();
  now += 30_000;
  const overtaken = clock.next();
  now += 31_000;
  const newest = clock.next();
  guard.accept(newest);
  assert.ok(!guard.isFresh(newest));
  assert.ok(guard.isFresh(overtaken));
  guard.accept(overtaken);
  assert.ok(!guard.isFresh(overtaken));
  assert.ok(!guard.isFresh(old));
});

test('a peer that makes very many initiations fills no memory', () => {
  const clock = new InitiationClock(() => 1_000_000);
  const guard = new TimestampGuard();
  const first = clock.next();
  const all = Array.from({ length: 500 }, () => clock.next());
  for (const stamp of all) {
    assert.ok(guard.isFresh(stamp));
    guard.accept(stamp);
  }
  assert.ok(all.every(stamp => !guard.isFresh(stamp)));
  assert.ok(!guard.isFresh(first));
});
