import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exchanges } from './exchanges.ts';

/** Exchanges that write down when they are detached. */
function bench() {
  const detached: string[] = [];
  const exchange = (session: string) => ({ session, detach: () => void detached.push(session) });
  return { detached, exchange, exchanges: new Exchanges<ReturnType<typeof exchange>>() };
}

test('one exchange is on trial; another takes its place', () => {
  const { detached, exchange, exchanges } = bench();
  exchanges.try(exchange('a'));
  exchanges.try(exchange('b'));
  assert.deepEqual(detached, ['a']);
  assert.equal(exchanges.of('a'), undefined);
  assert.equal(exchanges.of('b')?.session, 'b');
  assert.equal(exchanges.inUse, undefined);
});

test('one that works replaces the one in use, which served until then', () => {
  const { detached, exchange, exchanges } = bench();
  const [a, b] = [exchange('a'), exchange('b')];
  exchanges.try(a);
  assert.ok(exchanges.use(a));
  assert.ok(!exchanges.use(a), 'no news');
  exchanges.try(b);
  assert.deepEqual(exchanges.all(), [a, b]);
  assert.deepEqual(detached, []);
  assert.ok(exchanges.use(b));
  assert.deepEqual(detached, ['a']);
  assert.deepEqual(exchanges.all(), [b]);
});

test('one that fails leaves the other alone', () => {
  const { detached, exchange, exchanges } = bench();
  const [a, b] = [exchange('a'), exchange('b')];
  exchanges.use(a);
  exchanges.try(b);
  assert.ok(!exchanges.drop(b));
  assert.equal(exchanges.inUse, a);
  assert.ok(exchanges.drop(a));
  assert.deepEqual(detached, ['b', 'a']);
  assert.deepEqual(exchanges.all(), []);
});

test('all are detached when the link ends', () => {
  const { detached, exchange, exchanges } = bench();
  exchanges.use(exchange('a'));
  exchanges.try(exchange('b'));
  exchanges.clear();
  assert.deepEqual(detached, ['a', 'b']);
});
