import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandshakeGate } from './handshake-gate.ts';
import { SourceLimiter } from './token-bucket.ts';
import { nodeOf, OVERLAY, VirtualPair } from './virtual-pair.ts';

const SOURCE = '192.0.2.7';

/** An initiation as it travels on the path from a to b, and the response to it. */
function handshake(): { initiation: Uint8Array; response: Uint8Array; pair: VirtualPair } {
  const pair = new VirtualPair();
  pair.a.session.restart(0);
  pair.a.drain();
  pair.runUntil(15);
  const [initiation, response] = pair.captured.map(c => c.bytes);
  assert.ok(initiation !== undefined && response !== undefined);
  return { initiation, response, pair };
}

const { initiation, response, pair } = handshake();
const toB = () => new HandshakeGate(nodeOf('b').identity);

test('an initiation is told by its overlay and the static key of its sender', () => {
  const gate = toB();
  for (const overlay of ['one', OVERLAY, 'two']) gate.addOverlay(overlay);
  assert.deepEqual(gate.peerOf(0, initiation, SOURCE), {
    kind: 'initiation',
    overlay: OVERLAY,
    staticPublic: nodeOf('a').identity.staticPublic,
  });
});

test('a response is told by its overlay and receiver index', () => {
  const verdict = pair.a.gate.peerOf(0, response, SOURCE);
  assert.equal(verdict.kind, 'response');
  assert.ok(verdict.kind === 'response');
  assert.equal(verdict.overlay, OVERLAY);
  assert.equal(verdict.receiverIndex, Buffer.from(initiation).readUInt32BE(4));
});

test('what is not for us is dropped with its reason', () => {
  const gate = toB();
  gate.addOverlay(OVERLAY);
  const altered = initiation.slice();
  altered[100] = (altered[100] ?? 0) ^ 1;
  const reserved = initiation.slice();
  reserved[2] = 1;
  const cases: [Uint8Array, string][] = [
    [new Uint8Array(0), 'malformed'],
    [initiation.subarray(1), 'malformed'],
    [initiation.subarray(0, -1), 'malformed'],
    [altered, 'mac1'],
    [reserved, 'mac1'],
    [response, 'mac1'], // it is for a
  ];
  for (const [bytes, reason] of cases) {
    assert.deepEqual(gate.peerOf(0, bytes, SOURCE), { kind: 'drop', reason });
  }
  gate.removeOverlay(OVERLAY);
  assert.deepEqual(gate.peerOf(0, initiation, SOURCE), { kind: 'drop', reason: 'mac1' });
  assert.equal(gate.counters().mac1, 4);
});

test('one source is limited, others are not, until all together are', () => {
  const gate = new HandshakeGate(nodeOf('b').identity, {
    sourceRate: 10,
    sourceBurst: 3,
    totalRate: 10,
    totalBurst: 5,
  });
  gate.addOverlay(OVERLAY);
  const admitted = (now: number, source: string) =>
    gate.peerOf(now, initiation, source).kind === 'initiation';
  assert.deepEqual(
    [1, 2, 3, 4].map(() => admitted(0, SOURCE)),
    [true, true, true, false],
  );
  assert.deepEqual(
    ['2001:db8::1', '::1', '::2'].map(s => admitted(0, s)),
    [true, true, false],
  );
  assert.deepEqual(gate.counters(), {
    malformed: 0,
    mac1: 0,
    'source-rate': 1,
    'total-rate': 1,
    undecryptable: 0,
  });
  assert.ok(admitted(1000, SOURCE));
});

test('a forged mac1 does not use up the rate of the source it claims', () => {
  const gate = toB();
  gate.addOverlay(OVERLAY);
  const forged = initiation.slice();
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  for (let count = 0; count < 500; count++) gate.peerOf(0, forged, SOURCE);
  assert.equal(gate.peerOf(0, initiation, SOURCE).kind, 'initiation');
});

test('sources are remembered up to a bound, hosts of one IPv6 network as one', () => {
  const limiter = new SourceLimiter(1, 1, 100);
  for (let host = 0; host < 1000; host++) limiter.take(0, `10.0.${host >> 8}.${host & 255}`);
  assert.equal(limiter.size, 100);
  const networks = new SourceLimiter(1, 1, 100);
  assert.ok(networks.take(0, '2001:db8:0:1::1'));
  assert.ok(!networks.take(0, '2001:db8:0:1:aaaa::2'));
  assert.ok(!networks.take(0, '2001:db8::1:0:0:0:3'));
  assert.ok(networks.take(0, '2001:db8:0:2::1'));
});
