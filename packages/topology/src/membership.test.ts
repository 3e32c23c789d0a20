import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeControl } from './control-message.ts';
import { Bench } from './overlay-fixture.ts';

/** A node that is online in an overlay whose member 1, its successor, cannot be reached any more. */
function withUnreachable(signaling: boolean): { bench: Bench; lost: () => boolean } {
  const bench = new Bench(16, { shortcuts: 0 });
  const id = bench.member(1);
  for (const index of [2, 14, 15]) bench.topology.linkUp(bench.now, bench.member(index), 20);
  if (!signaling) {
    bench.topology.memberGone(bench.now, id);
    const record = new Uint8Array();
    bench.topology.memberSeen(bench.now, { id, sequence: 2, record, signaling: false });
    bench.drain();
  }
  for (let tries = 0; tries < 2; tries += 1) {
    bench.topology.linkFailed(bench.now, id, 'failed');
    bench.drain();
    bench.wait(5_000);
  }
  const lost = () => bench.outputs.some(out => out.type === 'memberLost' && out.id === id);
  return { bench, lost };
}

/** Whether somebody was told of a death. */
function toldDead({ outputs }: Bench): boolean {
  return outputs.some(out => {
    if (out.type !== 'send') return false;
    const { buffer, byteOffset, byteLength } = out.bytes;
    const message = decodeControl(new DataView(buffer, byteOffset, byteLength));
    return message.kind === 'members' && message.records.some(({ dead }) => dead);
  });
}

test('the server tells when one that it saw is gone: nobody else decides that while it is there', () => {
  const { bench, lost } = withUnreachable(true);
  assert.ok(!lost());
  assert.ok(!toldDead(bench));
});

test('one of which only other members told is held dead when it does not answer, and all are told', () => {
  const { bench, lost } = withUnreachable(false);
  assert.ok(lost());
  assert.ok(toldDead(bench));
});
