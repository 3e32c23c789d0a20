import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { parseNodeId } from '@evio/types';
import { ClaimedRanges, type HeardRecord } from './claimed-ranges.ts';
import { PodLayout } from './pod-layout.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'evio-claim-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const layout = new PodLayout(['10.244.0.0/16'], 8);
const accounts = new Set(['a@x', 'b@x', 'c@x']);

let now = 1000;

function node(name: string, options: { layout?: PodLayout } = {}) {
  const id = parseNodeId(Buffer.from(name).toString('hex').padEnd(32, '0'));
  const account = `${name}@x`;
  let sequence = 0n;
  const ranges: ClaimedRanges = new ClaimedRanges({
    layout: options.layout ?? layout,
    self: { id, account },
    file: join(directory, name, 'pod-range.json'),
    wallClock: () => now,
    onChange: () => {
      sequence += 1n;
    },
  });
  const record = (): HeardRecord => ({ account, id, sequence, pods: ranges.announcement() });
  return { ranges, record };
}

test('two of three agree by their records; the range outlives a restart', () => {
  const [a, b] = [node('a'), node('b')];
  assert.deepEqual(a.ranges.announcement().state, 'none');
  a.ranges.setMembers(accounts);
  b.ranges.setMembers(accounts);
  assert.ok('missing' in a.ranges.ranges());
  b.ranges.hear(a.record());
  a.ranges.hear(b.record());
  const got = a.ranges.ranges();
  assert.ok('ranges' in got);
  assert.match(got.ranges[0] ?? '', /^10\.244\.\d+\.0\/24$/);
  assert.deepEqual(a.ranges.announcement().ranges, got.ranges);
  // Before it hears of anybody.
  assert.deepEqual(node('a').ranges.ranges(), got);
});

test('what cannot be written is neither said nor handed out', () => {
  const a = node('b');
  a.ranges.setMembers(new Set(['b@x']));
  now += 10_000;
  // The file's place is taken by a directory.
  rmSync(join(directory, 'b'), { recursive: true });
  writeFileSync(join(directory, 'b'), '');
  a.ranges.tick();
  const refused = a.ranges.ranges();
  assert.ok('missing' in refused);
  assert.match(refused.missing, /cannot be written/);
  assert.equal(a.ranges.announcement().state, 'pending');
  rmSync(join(directory, 'b'));
  a.ranges.tick();
  assert.ok('ranges' in a.ranges.ranges());
});

test('a range of another division is not taken over, and claims in one count for nothing', () => {
  const a = node('a');
  a.ranges.setMembers(new Set(['a@x']));
  now += 10_000;
  a.ranges.tick();
  assert.ok('ranges' in a.ranges.ranges());
  const wider = new PodLayout(['10.244.0.0/16'], 6);
  const again = node('a', { layout: wider });
  assert.ok('missing' in again.ranges.ranges());
  again.ranges.setMembers(new Set(['a@x', 'b@x']));
  again.ranges.hear(node('b').record());
  assert.equal(again.ranges.announcement().state, 'pending');
});

test('a damaged file is not written over', () => {
  mkdirSync(join(directory, 'a'));
  writeFileSync(join(directory, 'a', 'pod-range.json'), '{');
  assert.throws(() => node('a'), { code: 'POD_CLAIM_DAMAGED' });
});
