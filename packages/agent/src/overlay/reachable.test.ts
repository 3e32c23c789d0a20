import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeId } from '../control/fixture.ts';
import { isReachable } from './reachable.ts';

type Asked = Parameters<typeof isReachable>[0];

/** A peer that was heard at time 500, in a ring that lost it at `lostSince`. */
function reachable(over: Partial<Asked>, lostSince?: number): boolean {
  const path = { kind: 'overlay' } as const;
  const record = { id: nodeId('b') } as Asked['record'];
  const heardSince = (then: number) => then < 500;
  return isReachable(
    { path, silent: false, record, heardSince, ...over },
    {
      lostSince: () => lostSince,
    },
  );
}

test('a peer with a way to it is reachable, without one or silent it is not', () => {
  assert.ok(reachable({}));
  assert.ok(!reachable({ path: undefined }));
  assert.ok(!reachable({ silent: true }));
});

test('one that all its neighbours have lost is not reachable until it is heard', () => {
  assert.ok(!reachable({}, 600));
  assert.ok(reachable({}, 400));
});
