import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { PathProbe } from './path-probe.ts';

const DIRECT = { kind: 'direct', remote: { address: '192.0.2.1', port: 4000 } } as const;

/** A probe with all that it sent, over a path that carries `limit` bytes and answers in `rttMs`. */
function probe(limit: number, rttMs: number) {
  const sent: { token: number; bytes: number }[] = [];
  const sizes: number[] = [];
  const subject = new PathProbe({
    send: (token, bytes) => sent.push({ token, bytes }),
    setPathMtu: bytes => sizes.push(bytes),
    keepaliveMs: 10_000,
  });
  /** Runs until nothing is due before `end`, answering what fits. */
  const run = (from: number, end: number) => {
    let now = from;
    while (now <= end) {
      subject.tick(now);
      for (const { token, bytes } of sent.splice(0)) {
        if (bytes <= limit) subject.onEcho(now, { token, rttMs });
      }
      subject.tick(now);
      now = Math.max(now + 1, subject.nextTimeout() ?? end);
    }
  };
  return { subject, sent, sizes, run };
}

test('a new path is measured: its round trip and the largest datagram it carries', () => {
  const { subject, sizes, run } = probe(1400, 20);
  subject.pathChanged(0, DIRECT);
  run(0, 5_000);
  assert.equal(subject.rttMs, 20);
  assert.ok((subject.pathMtu ?? 0) > 1_390 && (subject.pathMtu ?? 0) <= 1_400);
  assert.equal(sizes.at(-1), subject.pathMtu);
});

test('leaving from another address is not another path', () => {
  const { subject, run } = probe(1400, 20);
  subject.pathChanged(0, { ...DIRECT, source: '198.51.100.1' });
  run(0, 5_000);
  const found = subject.pathMtu;
  subject.pathChanged(5_000, DIRECT);
  assert.equal(subject.pathMtu, found);
});

test('an idle path gets an echo each keepalive interval', () => {
  const { subject, sent, run } = probe(1472, 20);
  subject.pathChanged(0, DIRECT);
  run(0, 100_000);
  subject.tick(100_000);
  sent.length = 0;
  subject.tick(110_001);
  assert.ok(sent.some(({ bytes }) => bytes === 0));
});

test('a ping tells its round trip, or that nothing came', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { subject, sent } = probe(1472, 20);
    const answered = subject.ping({ datagramBytes: 100, timeoutMs: 1_000 });
    const lost = subject.ping({ datagramBytes: 100, timeoutMs: 1_000 });
    subject.onEcho(0, { token: sent[0]?.token ?? -1, rttMs: 7 });
    mock.timers.tick(1_000);
    assert.equal(await answered, 7);
    assert.equal(await lost, undefined);
  } finally {
    mock.timers.reset();
  }
});

test('without a path nothing is measured', () => {
  const { subject, sent } = probe(1472, 20);
  subject.pathChanged(0, DIRECT);
  subject.pathLost();
  subject.tick(50_000);
  assert.deepEqual(sent, []);
  assert.equal(subject.pathMtu, undefined);
  assert.equal(subject.nextTimeout(), undefined);
});
