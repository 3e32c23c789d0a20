import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WallClock } from './wall-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'evio-clock-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs a clock in `file` at the host time `at`, and tells what it showed. */
function run(file: string, at: number): number {
  const clock = new WallClock(
    join(folder, file),
    () => at,
    () => 0,
  );
  const shown = clock.now();
  clock.stop();
  return shown;
}

test('a right clock is shown as it is', () => {
  assert.equal(run('right', 1_000_000), 1_000_000);
  assert.equal(run('right', 2_000_000), 2_000_000);
});

test('a host that boots in the past goes on after its last run', () => {
  run('past', 1_700_000_000_000);
  assert.ok(run('past', 5_000) > 1_700_000_000_000);
  assert.ok(run('past', 4_000) > run('past', 5_000) - 1e9);
});

test('once the clock is set right it is shown as it is, in this run and the next', () => {
  run('set', 1_700_000_000_000);
  let host = 5_000;
  let monotonic = 0;
  const clock = new WallClock(
    join(folder, 'set'),
    () => host,
    () => monotonic,
  );
  const booted = clock.now();
  monotonic += 1_000;
  assert.equal(clock.now(), booted + 1_000);
  host = 1_800_000_000_000;
  assert.equal(clock.now(), host);
  clock.stop();
  assert.equal(run('set', 1_800_000_001_000), 1_800_000_001_000);
});

test('a clock that is set back while it runs does not go back', () => {
  let host = 1_700_000_000_000;
  const clock = new WallClock(
    join(folder, 'back'),
    () => host,
    () => 0,
  );
  host -= 3_600_000;
  assert.equal(clock.now(), 1_700_000_000_000);
  clock.stop();
});

test('a file that is damaged or cannot be written does not matter', () => {
  writeFileSync(join(folder, 'damaged'), 'x'.repeat(100));
  assert.equal(run('damaged', 3_000), 3_000);
  assert.equal(run('missing/clock', 3_000), 3_000);
});
