import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PathMtu, udpPayload } from './path-mtu.ts';

/** A path that carries datagrams up to a size, some of them lost; in virtual time. */
class Path {
  now = 0;
  probes = 0;
  limit: number;
  readonly mtu: PathMtu;
  readonly #rtt: number;
  readonly #lost: (bytes: number) => boolean;
  readonly #replies: { at: number; token: number }[] = [];

  constructor(limit: number, { max = 1472, rtt = 20, lost = (_: number): boolean => false } = {}) {
    this.limit = limit;
    this.#rtt = rtt;
    this.#lost = lost;
    this.mtu = new PathMtu(0, { max, rttMs: rtt });
  }

  run(duration: number): this {
    const end = this.now + duration;
    for (;;) {
      for (let out = this.mtu.poll(); out; out = this.mtu.poll()) {
        if (out.type !== 'probe') continue;
        this.probes++;
        if (out.bytes > this.limit || this.#lost(out.bytes)) continue;
        this.#replies.push({ at: this.now + this.#rtt, token: out.token });
      }
      const reply = Math.min(...this.#replies.map(({ at }) => at));
      const next = Math.min(reply, this.mtu.nextTimeout());
      if (next > end) break;
      this.now = Math.max(this.now, next);
      const due = this.#replies.findIndex(({ at }) => at <= this.now);
      const [ripe] = due < 0 ? [] : this.#replies.splice(due, 1);
      if (ripe) this.mtu.onProbeAcked(this.now, ripe.token);
      this.mtu.tick(this.now);
    }
    this.now = end;
    return this;
  }
}

test('a path as wide as the interface is used whole after one round trip', () => {
  assert.equal(new Path(1472).run(25).mtu.current, 1472);
});

test('every limit from 548 up is found within 4 bytes and 3 seconds, and never exceeded', () => {
  for (let limit = 548; limit <= 1472; limit += 13) {
    const { mtu } = new Path(limit).run(3000);
    assert.ok(mtu.current <= limit, `${mtu.current} > ${limit}`);
    const within = limit >= 1200 ? 4 : 5;
    assert.ok(limit - mtu.current <= within, `limit ${limit}, found ${mtu.current}`);
  }
});

test('a common MTU is found in the first round', () => {
  assert.equal(new Path(udpPayload(1400, 4)).run(25).mtu.current, 1372);
});

test('a path that shrinks is noticed, and used at its new size', () => {
  const path = new Path(1472).run(1000);
  path.limit = 1300;
  path.mtu.verify(path.now);
  path.run(3000);
  assert.ok(path.mtu.current <= 1300 && path.mtu.current >= 1296);
});

test('without a hint a black hole is noticed at the next confirmation', () => {
  const path = new Path(1472).run(1000);
  path.limit = 1250;
  path.run(33_000);
  assert.ok(path.mtu.current <= 1250 && path.mtu.current >= 1246);
});

test('a path that widens is used whole after the raise timer', () => {
  const path = new Path(1300).run(5000);
  path.limit = 1472;
  path.run(600_000);
  assert.equal(path.mtu.current, 1472);
});

test('EMSGSIZE counts at once', () => {
  const path = new Path(1472).run(1000);
  path.limit = 1400;
  path.mtu.onTooBig(path.now, 1472);
  assert.equal(path.mtu.current, 1200);
  path.run(2000);
  assert.ok(path.mtu.current <= 1400 && path.mtu.current >= 1396);
});

test('random loss of 20 % does not fool it for long', () => {
  let seed = 1;
  const lost = () => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647 < 0.2;
  };
  const path = new Path(1472, { lost }).run(2_000_000);
  assert.ok(path.mtu.current >= 1200);
});

test('an idle path costs little', () => {
  const path = new Path(1372).run(10_000);
  const before = path.probes;
  path.run(300_000);
  assert.ok(path.probes - before <= 22, `${path.probes - before} probes in five minutes`);
});

test('an outage is not taken for a limit', () => {
  const path = new Path(1472).run(1000);
  path.limit = 0;
  path.mtu.verify(path.now);
  path.run(20_000);
  path.limit = 1472;
  path.run(5000);
  assert.equal(path.mtu.current, 1472);
});

test('an outage during the search only delays it', () => {
  const path = new Path(0).run(10_000);
  path.limit = 1372;
  path.run(5000);
  assert.ok(path.mtu.current <= 1372 && path.mtu.current >= 1368);
});
