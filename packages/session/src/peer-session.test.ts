import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Machine, VirtualPair } from './virtual-pair.ts';

const MINUTE = 60_000;

/** Both send under keys that the other holds. */
function assertJoined(pair: VirtualPair): void {
  for (const [one, other] of [
    [pair.a, pair.b],
    [pair.b, pair.a],
  ] as const) {
    const sending = one.sending;
    assert.ok(sending, `${one.name} has a session to send with`);
    const receiving = other.installed.get(sending.remoteIndex);
    assert.deepEqual(receiving?.receiveKey, sending.sendKey);
    assert.equal(receiving?.cipher, sending.cipher);
    assert.equal(one.session.state.state, 'up');
  }
}

function undeliverable(pair: VirtualPair): number {
  return pair.a.undeliverable + pair.b.undeliverable;
}

test('an offer and its answer bring the session up on both sides', () => {
  const pair = new VirtualPair();
  pair.connect();
  pair.runUntil(100);
  assertJoined(pair);
  assert.deepEqual(
    pair.a.states.map(s => s.state),
    ['handshaking', 'up'],
  );
  assert.deepEqual(
    pair.b.states.map(s => s.state),
    ['handshaking', 'up'],
  );
  assert.equal(pair.a.sending?.role, 'initiator');
  assert.equal(pair.b.sending?.role, 'responder');
});

test('AES is used only when both sides do it in hardware', () => {
  for (const [a, b, cipher] of [
    [true, true, 'aes-256-gcm'],
    [true, false, 'chacha20-poly1305'],
    [false, true, 'chacha20-poly1305'],
    [false, false, 'chacha20-poly1305'],
  ] as const) {
    const pair = new VirtualPair({ a: { aesHardware: a }, b: { aesHardware: b } });
    pair.connect();
    pair.runUntil(100);
    assertJoined(pair);
    assert.equal(pair.a.sending?.cipher, cipher);
  }
});

test('altered credentials of the initiator make the offer fail and change nothing', () => {
  const { a, b } = new VirtualPair();
  const offer = a.session.initiate(0, Buffer.from('ufrag pwd'));
  assert.throws(() => b.session.respond(0, offer, Buffer.from('ufrag evil')), {
    code: 'DECRYPT_FAILED',
  });
  assert.throws(() => b.session.respond(0, offer), { code: 'DECRYPT_FAILED' });
  assert.equal(b.session.poll(), undefined);
  const answer = b.session.respond(0, offer, Buffer.from('ufrag pwd'));
  a.session.complete(0, answer);
});

test('altered credentials of the responder make the answer fail, the true ones still work', () => {
  const { a, b } = new VirtualPair();
  const offer = a.session.initiate(0);
  const answer = b.session.respond(0, offer, undefined, Buffer.from('ufrag pwd'));
  const code = 'CONTEXT_MISMATCH';
  assert.throws(() => a.session.complete(0, answer, Buffer.from('ufrag evil')), { code });
  assert.throws(() => a.session.complete(0, answer), { code });
  a.session.complete(0, answer, Buffer.from('ufrag pwd'));
  assert.equal(a.session.state.state, 'up');
  assert.throws(() => a.session.complete(0, answer, Buffer.from('ufrag pwd')), {
    code: 'RESPONSE_UNEXPECTED',
  });
});

test('two overlay secrets, or one and none, do not meet', () => {
  const secret = (byte: number) => ({ psk: new Uint8Array(32).fill(byte) });
  for (const [a, b] of [
    [secret(1), secret(2)],
    [secret(1), {}],
    [{}, secret(1)],
  ]) {
    const pair = new VirtualPair({ ...(a && { a }), ...(b && { b }) });
    const offer = pair.a.session.initiate(0);
    const answer = pair.b.session.respond(0, offer);
    assert.throws(() => pair.a.session.complete(0, answer), { code: 'DECRYPT_FAILED' });
  }
  const pair = new VirtualPair({ a: secret(1), b: secret(1) });
  pair.connect();
  pair.runUntil(100);
  assertJoined(pair);
  assert.throws(() => new VirtualPair({ a: { psk: new Uint8Array(31) } }), { code: 'PSK_LENGTH' });
});

test('keys change every 120 s and no datagram is lost, however reordered', () => {
  const pair = new VirtualPair({ wire: { delay: [5, 400], duplication: 0.2 } });
  pair.connect();
  pair.runUntil(2000);
  const unsent = pair.a.unsent + pair.b.unsent;
  pair.traffic(50, 20 * MINUTE);
  pair.runUntil(20 * MINUTE + 1000);
  assertJoined(pair);
  assert.equal(undeliverable(pair), 0);
  assert.equal(pair.a.unsent + pair.b.unsent, unsent);
  assert.ok(pair.a.history.size >= 10 && pair.a.history.size <= 11, `${pair.a.history.size}`);
  assert.ok(pair.a.installed.size <= 2);
  assert.equal(pair.a.initiatedInstalls, pair.a.history.size, 'the initiator stays the initiator');
  assert.deepEqual([...pair.a.failures, ...pair.b.failures], []);
});

test('keys change without any traffic', () => {
  const pair = new VirtualPair();
  pair.connect();
  pair.runUntil(10 * MINUTE);
  assertJoined(pair);
  assert.equal(pair.a.history.size, 5);
});

test('both sides offering at once end with keys that both have, and one of them rekeys', () => {
  for (const seed of ['1', '2', '3']) {
    const pair = new VirtualPair({ seed, wire: { delay: [5, 60] } });
    pair.connect(pair.a);
    pair.connect(pair.b);
    pair.runUntil(500);
    assertJoined(pair);
    pair.traffic(50, 5 * MINUTE);
    pair.runUntil(5 * MINUTE + 1000);
    assertJoined(pair);
    assert.equal(undeliverable(pair), 0);
    assert.equal(pair.a.history.size, 2 + 2, 'two at first, one for each 120 s');
  }
});

test('both sides restarting at once end with keys that both have', () => {
  const pair = new VirtualPair({ wire: { delay: [5, 60] } });
  pair.connect();
  pair.runUntil(5000);
  pair.traffic(20, 3 * MINUTE);
  for (const machine of [pair.a, pair.b]) {
    machine.session.restart(pair.now);
    machine.drain();
  }
  pair.runUntil(3 * MINUTE + 1000);
  assertJoined(pair);
  assert.equal(undeliverable(pair), 0);
});

test('a peer that was killed gets a session at once by its own offer', () => {
  const pair = new VirtualPair();
  pair.connect();
  pair.runUntil(MINUTE);
  pair.b.reboot();
  pair.connect(pair.b);
  pair.runUntil(MINUTE + 50);
  assertJoined(pair);
});

test('a peer that was killed gets a session at once when we restart on the path', () => {
  const pair = new VirtualPair();
  pair.connect();
  pair.runUntil(MINUTE);
  pair.b.reboot();
  pair.a.session.restart(pair.now);
  pair.a.drain();
  pair.runUntil(MINUTE + 50);
  assertJoined(pair);
});

test('a lost initiation or response costs a quarter of a second, not five', () => {
  for (const lossUntil of [MINUTE + 5, MINUTE + 15]) {
    const pair = new VirtualPair();
    pair.connect();
    pair.runUntil(MINUTE);
    pair.wire = { ...pair.wire, loss: lossUntil === MINUTE + 5 ? 1 : 0 };
    pair.at(MINUTE + 5, () => {
      pair.wire = { ...pair.wire, loss: lossUntil === MINUTE + 5 ? 0 : 1 };
    });
    pair.at(MINUTE + 15, () => {
      pair.wire = { ...pair.wire, loss: 0 };
    });
    const installs = pair.b.history.size;
    pair.a.session.restart(pair.now);
    pair.a.drain();
    pair.runUntil(MINUTE + 1000);
    assertJoined(pair);
    assert.equal(pair.b.history.size, installs + 1, 'copies make no second session');
    assert.ok(pair.a.session.state.since <= MINUTE + 700);
  }
});

test('an answer that takes longer than the retries is still good', () => {
  const pair = new VirtualPair({ wire: { delay: [1200, 1200] } });
  pair.connect();
  pair.runUntil(MINUTE);
  pair.a.session.restart(pair.now);
  pair.a.drain();
  pair.runUntil(MINUTE + 10_000);
  assertJoined(pair);
  assert.equal(pair.b.session.state.since, MINUTE + 3600);
});

test('no answer is reported once, then tried rarely, and still works when the path is back', () => {
  const pair = new VirtualPair();
  pair.connect();
  pair.runUntil(1000);
  pair.wire = { ...pair.wire, loss: 1 };
  pair.runUntil(10 * MINUTE);
  assert.deepEqual(pair.a.failures, ['HANDSHAKE_TIMEOUT']);
  assert.equal(pair.a.session.state.state, 'down');
  assert.equal(pair.a.installed.size, 0, 'keys of 180 s are gone');
  const sent = pair.a.handshakesSent;
  pair.runUntil(20 * MINUTE);
  assert.ok(pair.a.handshakesSent - sent <= 20, `${pair.a.handshakesSent - sent} in ten minutes`);
  pair.wire = { ...pair.wire, loss: 0 };
  pair.runUntil(20 * MINUTE + 31_000);
  assertJoined(pair);
});

test('an offer that nobody answers times out and frees its index', () => {
  const pair = new VirtualPair();
  pair.a.session.initiate(0);
  pair.runUntil(29_000);
  pair.a.drain();
  assert.equal(pair.a.session.state.state, 'handshaking');
  pair.runUntil(31_000);
  assert.equal(pair.a.session.state.state, 'down');
  assert.deepEqual(pair.a.failures, ['HANDSHAKE_TIMEOUT']);
  assert.equal(pair.a.session.nextTimeout(), undefined);
});

test('a host that slept past all deadlines begins again by itself', () => {
  const pair = new VirtualPair();
  pair.connect();
  pair.runUntil(1000);
  pair.now = 60 * MINUTE;
  pair.runUntil(60 * MINUTE + 1000);
  assertJoined(pair);
});

test('used up nonces bring new keys at once', () => {
  const pair = new VirtualPair();
  pair.connect();
  pair.runUntil(MINUTE);
  const old = pair.a.sending?.localIndex ?? 0;
  pair.a.session.onExhausted(pair.now, old);
  pair.a.drain();
  pair.runUntil(MINUTE + 100);
  assertJoined(pair);
  assert.notEqual(pair.a.sending?.localIndex, old);
});

test('recorded initiations and responses do nothing later', () => {
  const pair = new VirtualPair();
  pair.connect();
  pair.runUntil(7 * MINUTE);
  const installs = [pair.a.history.size, pair.b.history.size];
  const recorded = [...pair.captured];
  assert.ok(recorded.length >= 6);
  for (const { from, bytes } of recorded) {
    const target: Machine = from === 'a' ? pair.b : pair.a;
    target.session.receive(pair.now, bytes);
    target.drain();
  }
  assert.deepEqual([pair.a.history.size, pair.b.history.size], installs);
  const { REPLAYED = 0 } = pair.b.session.counters();
  const { RESPONSE_UNEXPECTED = 0 } = pair.a.session.counters();
  assert.ok(REPLAYED > 0 && RESPONSE_UNEXPECTED > 0);
  pair.runUntil(7 * MINUTE + 1000);
  assertJoined(pair);
});

test('initiations recorded before a reboot make no session that sends or displaces one', () => {
  const pair = new VirtualPair();
  pair.connect();
  pair.runUntil(15 * MINUTE);
  const recorded = pair.captured.filter(c => c.from === 'a');
  pair.b.reboot();
  for (const { bytes } of recorded) {
    pair.b.session.receive(pair.now, bytes);
    pair.b.drain();
  }
  assert.equal(pair.b.sending, undefined);
  assert.ok(pair.b.installed.size <= 6, 'bounded');
  pair.connect(pair.b);
  pair.runUntil(15 * MINUTE + 50);
  assertJoined(pair);
});

test('after close nothing is installed and nothing is due', () => {
  const pair = new VirtualPair();
  pair.connect();
  pair.runUntil(1000);
  pair.a.session.restart(pair.now);
  pair.a.session.close(pair.now);
  pair.a.drain();
  assert.equal(pair.a.installed.size, 0);
  assert.equal(pair.a.session.state.state, 'down');
  assert.equal(pair.a.session.nextTimeout(), undefined);
});
