import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench, idAt, SELF } from './overlay-fixture.ts';

test('ring links and shortcuts do not use up the on-demand ones', () => {
  const bench = new Bench(64, { shortcuts: 0, onDemand: 1 });
  bench.linkAll();
  const busy = (index: number, rate: number) => {
    bench.topology.traffic(bench.now, bench.member(index), rate);
    bench.drain();
  };
  for (const index of [1, 2, 62, 63]) busy(index, 200_000);
  busy(20, 200_000);
  assert.deepEqual(bench.links, [{ id: bench.member(20), role: 'on-demand' }]);
  busy(21, 300_000);
  assert.equal(bench.links.length, 1, 'one at most');
});

test('a manual node asks for its static links only, and takes what others ask for', () => {
  const bench = new Bench(64, { manual: true });
  assert.deepEqual(bench.links, []);
  bench.topology.setStatic(bench.now, [bench.member(30)]);
  bench.drain();
  assert.deepEqual(bench.links, [{ id: bench.member(30), role: 'static' }]);
  bench.linkAll();
  bench.topology.traffic(bench.now, bench.member(20), 1_000_000);
  bench.wait(120_000);
  assert.deepEqual(bench.links, []);
  assert.ok(bench.topology.accepts(bench.now, bench.member(1), 'successor'));
  bench.topology.linkUp(bench.now, bench.member(1), 5);
  bench.says(1, 'successor');
  bench.wait(60_000);
  assert.equal(bench.topology.neighbours.size, 2);
  bench.says(1, 'none');
  bench.wait(60_000);
  assert.equal(bench.topology.neighbours.size, 1);
});

test('in a tiny overlay a manual node links to nobody but its static members', () => {
  const bench = new Bench(4, { manual: true });
  bench.topology.setStatic(bench.now, [bench.member(2)]);
  bench.linkAll();
  bench.drain();
  bench.linkAll();
  assert.deepEqual([...bench.roles()], [[bench.member(2), 'static']]);
});

test('in a tiny overlay everybody links to everybody', () => {
  const bench = new Bench(8);
  bench.linkAll();
  assert.equal(bench.topology.neighbours.size, 7);
});

test('in a larger one a node links to two on each side and to its shortcuts', () => {
  const bench = new Bench(64);
  bench.linkAll();
  const ring = new Set([1, 2, 62, 63].map(index => bench.member(index)));
  assert.deepEqual(new Set(bench.ring()), ring);
  const shortcuts = [...bench.roles().values()].filter(role => role === 'shortcut');
  assert.equal(shortcuts.length, 6);
});

test('a nearer successor takes over when its link is up, and only then the farther one goes', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  for (const index of [1, 2, 62, 63]) bench.says(index, 'none');
  const between = idAt(0x8000_0001);
  const seen = { id: between, sequence: 1, record: new Uint8Array(), signaling: true };
  bench.topology.memberSeen(bench.now, seen);
  bench.drain();
  assert.deepEqual(bench.links, [{ id: between, role: 'successor' }]);
  bench.wait(900);
  assert.ok(bench.ring().includes(bench.member(2)));
  bench.linkAll();
  assert.ok(!bench.ring().includes(bench.member(2)));
  assert.ok(bench.topology.neighbours.has(bench.topology.members.points.intern(bench.member(2))));
  bench.wait(10_000);
  assert.ok(bench.outputs.some(out => out.type === 'unlink' && out.id === bench.member(2)));
});

test('a link that the peer wants stays though we do not want it', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  bench.topology.linkUp(bench.now, bench.member(30), 5);
  bench.says(30, 'shortcut');
  bench.wait(60_000);
  assert.equal(bench.topology.neighbours.size, 5);
  bench.says(30, 'none');
  bench.wait(60_000);
  assert.equal(bench.topology.neighbours.size, 4);
});

test('more shortcuts than twice the own number are refused, ring links of near ones never', () => {
  const bench = new Bench(64, { shortcuts: 2 });
  bench.linkAll();
  const accepted = [20, 21, 22, 23, 24, 25].filter(index =>
    bench.topology.accepts(bench.now, bench.member(index), 'shortcut'),
  );
  assert.equal(accepted.length, 4);
  assert.ok(bench.topology.accepts(bench.now, bench.member(6), 'successor'));
});

test('who asks as a successor from afar is counted as a shortcut, whatever it says later', () => {
  const bench = new Bench(256, { shortcuts: 2 });
  bench.linkAll();
  const accepts = (index: number) =>
    bench.topology.accepts(bench.now, bench.member(index), 'successor');
  assert.ok([3, 10, 24, 232].every(accepts), 'near on the ring');
  const far = [60, 80, 100, 120, 140, 160].filter(index => {
    if (!accepts(index)) return false;
    bench.topology.linkUp(bench.now, bench.member(index), 20);
    bench.says(index, 'successor');
    return true;
  });
  assert.deepEqual(far, [60, 80, 100, 120]);
});

test('a place that a link had is free when it ends', () => {
  const bench = new Bench(64, { shortcuts: 0, onDemand: 1 });
  bench.linkAll();
  const accepts = (index: number) =>
    bench.topology.accepts(bench.now, bench.member(index), 'on-demand');
  for (const index of [20, 21]) {
    assert.ok(accepts(index));
    bench.topology.linkUp(bench.now, bench.member(index), 20);
  }
  assert.ok(!accepts(22));
  bench.topology.linkDown(bench.now, bench.member(20), 'closed');
  assert.ok(accepts(22));
});

test('a leaf draws no shortcuts, and takes none', () => {
  const bench = new Bench(64, { leaf: true });
  bench.linkAll();
  assert.equal(bench.topology.neighbours.size, 4);
  assert.ok(!bench.topology.accepts(bench.now, bench.member(30), 'shortcut'));
  assert.ok(!bench.topology.accepts(bench.now, bench.member(30), 'successor'));
});

test('leafs are no successors', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.topology.memberSeen(0, {
    id: bench.member(1),
    sequence: 2,
    leaf: true,
    record: new Uint8Array(),
    signaling: true,
  });
  bench.links.splice(
    0,
    bench.links.length,
    ...bench.links.filter(({ id }) => id !== bench.member(1)),
  );
  bench.drain();
  bench.linkAll();
  assert.ok(!bench.ring().includes(bench.member(1)));
  assert.ok(bench.ring().includes(bench.member(3)));
});

test('a pair that talks much gets a link, and loses it when it falls silent', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  const busy = (index: number, rate: number) => {
    bench.topology.traffic(bench.now, bench.member(index), rate);
    bench.drain();
  };
  busy(20, 40_000);
  assert.deepEqual(bench.links, []);
  bench.wait(1_000);
  busy(20, 40_000);
  assert.deepEqual(bench.links, [{ id: bench.member(20), role: 'on-demand' }]);
  bench.linkAll();
  bench.says(20, 'none');
  busy(21, 200_000);
  busy(22, 60_000);
  assert.equal(bench.links.length, 1, 'two at most, and 60 kB/s is not twice the slower');
  bench.wait(61_000);
  assert.ok(!bench.roles().has(bench.member(20)));
});

test('static links are kept, whatever the ring says', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.topology.setStatic(bench.now, [bench.member(30), SELF]);
  bench.drain();
  bench.linkAll();
  assert.equal(bench.roles().get(bench.member(30)), 'static');
});

test('when the overlay doubles, one stretch is drawn and the others stay', () => {
  const bench = new Bench(64);
  bench.linkAll();
  const before = [...bench.roles()].filter(([, role]) => role === 'shortcut').map(([id]) => id);
  for (let index = 0; index < 64; index += 1) {
    const id = idAt((0x8000_0000 + index * 2 ** 26 + 2 ** 25) % 2 ** 32);
    const seen = { id, sequence: 1, record: new Uint8Array(), signaling: true };
    bench.topology.memberSeen(bench.now, seen);
  }
  bench.drain();
  bench.linkAll();
  const after = new Set(
    [...bench.roles()].filter(([, role]) => role === 'shortcut').map(([id]) => id),
  );
  assert.equal(after.size, 7);
  assert.ok(before.filter(id => after.has(id)).length >= 4);
});
