import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom, VirtualPair } from './virtual-pair.ts';

const MINUTE = 60_000;

/** Without shrinking: a run takes tens of milliseconds, and the seed is printed. */
const RUNS = { numRuns: 20, endOnFailure: true };

const wire = fc.record({
  loss: fc.double({ min: 0, max: 0.6, noNaN: true }),
  duplication: fc.double({ min: 0, max: 0.5, noNaN: true }),
  delay: fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 50, max: 800 })),
});

/** What may happen to a machine at some second of the run. */
const mishap = fc.record({
  second: fc.integer({ min: 0, max: 400 }),
  side: fc.constantFrom('a' as const, 'b' as const),
  kind: fc.constantFrom('offer' as const, 'restart' as const, 'reboot' as const),
});

// Safety is asserted inside the machines: an index is installed once and its two ends hold one key.
test('whatever is lost, doubled, late or rebooted, keys agree and the session comes back up', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 8 }),
      wire,
      fc.array(mishap, { maxLength: 8 }),
      (seed, conditions, mishaps) => {
        const pair = new VirtualPair({ seed, wire: conditions });
        pair.connect();
        pair.traffic(2_000, 10 * MINUTE);
        for (const { second, side, kind } of mishaps) {
          pair.at(second * 1000, () => {
            const machine = pair[side];
            if (kind === 'offer') pair.connect(machine);
            if (kind === 'restart') machine.session.restart(pair.now);
            if (kind === 'reboot') {
              machine.reboot();
              pair.connect(machine);
            }
            machine.drain();
          });
        }
        pair.runUntil(500_000);
        pair.wire = { ...pair.wire, loss: Math.min(conditions.loss, 0.3) };
        pair.runUntil(10 * MINUTE);
        for (const machine of [pair.a, pair.b]) {
          assert.equal(machine.session.state.state, 'up', machine.name);
          assert.ok(machine.sending);
          assert.ok(machine.installed.size <= 6);
          assert.ok(!('INTERNAL' in machine.session.counters()));
        }
      },
    ),
    RUNS,
  );
});

test('on a wire without loss no datagram meets a machine that has no key for it', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 8 }),
      fc.array(mishap, { maxLength: 6 }),
      fc.integer({ min: 1, max: 700 }),
      (seed, mishaps, delay) => {
        const pair = new VirtualPair({ seed, wire: { delay: [1, delay], duplication: 0.2 } });
        pair.connect();
        pair.at(5_000, () => pair.traffic(500, 400_000));
        for (const { second, side, kind } of mishaps) {
          if (kind === 'reboot') continue;
          pair.at(5_000 + second * 700, () => {
            if (kind === 'offer') pair.connect(pair[side]);
            else pair[side].session.restart(pair.now);
            pair[side].drain();
          });
        }
        pair.runUntil(410_000);
        assert.equal(pair.a.undeliverable + pair.b.undeliverable, 0);
      },
    ),
    RUNS,
  );
});

test('random and mutated datagrams are counted, never thrown, and cost no session', () => {
  const pair = new VirtualPair();
  pair.connect();
  pair.runUntil(5 * MINUTE);
  const genuine = pair.captured.map(c => c.bytes);
  const random = seededRandom('fuzz');
  const installs = [pair.a.history.size, pair.b.history.size];
  const number = (below: number) => {
    const [high = 0, low = 0] = random(2);
    return (high * 256 + low) % below;
  };
  for (let round = 0; round < 3000; round++) {
    let bytes: Uint8Array;
    const original = genuine[number(genuine.length)];
    if (round % 3 === 0 || original === undefined) {
      bytes = random(number(220));
      if (bytes.length > 0) bytes[0] = 0xc1 + number(3);
    } else {
      bytes = original.slice(0, round % 3 === 1 ? original.length : number(original.length));
      const at = number(Math.max(1, bytes.length));
      if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 + number(255));
    }
    for (const machine of [pair.a, pair.b]) {
      machine.gate.peerOf(pair.now, bytes, '192.0.2.9');
      machine.session.receive(pair.now, bytes);
      machine.drain();
      for (const call of [
        () => machine.session.respond(pair.now, bytes),
        () => machine.session.complete(pair.now, bytes),
      ]) {
        assert.throws(call, { name: 'EvioError' });
      }
    }
  }
  assert.deepEqual([pair.a.history.size, pair.b.history.size], installs);
  assert.deepEqual([...pair.a.failures, ...pair.b.failures], []);
  assert.ok(!('INTERNAL' in pair.a.session.counters()));
  pair.runUntil(8 * MINUTE);
  assert.equal(pair.a.session.state.state, 'up');
});
