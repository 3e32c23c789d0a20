import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@evio/types';
import { encodeMembers, encodeNeighbours, encodeResend, withWish } from './control-writer.ts';
import { packCoordinate } from './coordinate.ts';
import { Bench, idAt, SELF } from './overlay-fixture.ts';
import { RingPoints } from './ring-point.ts';

test('a pair without a path is not tried again because a common neighbour mentions the other', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.links.splice(0);
  for (const index of [2, 62, 63]) bench.topology.linkUp(bench.now, bench.member(index), 20);
  bench.says(2, 'successor', [1]);
  const tries = () =>
    bench.outputs.filter(out => out.type === 'link' && out.id === bench.member(1)).length;
  for (let failure = 0; failure < 4; failure += 1) {
    bench.topology.linkFailed(bench.now, bench.member(1), 'failed');
    bench.wait(failure < 3 ? 2_600 * 2 ** failure : 0);
  }
  const before = tries();
  bench.says(2, 'successor', [1], false, 2);
  bench.says(2, 'successor', [1]);
  bench.wait(5_000);
  assert.equal(tries(), before, 'it was mentioned before');
  bench.says(62, 'successor', [1]);
  bench.wait(0);
  assert.equal(tries(), before + 1, 'its link to another neighbour is news');
});

test('when a successor dies the next ones are asked at once, more than are missing', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  bench.topology.linkDown(bench.now, bench.member(1), 'failed');
  bench.topology.linkDown(bench.now, bench.member(2), 'failed');
  bench.drain();
  const asked = bench.links.map(({ id }) => id);
  for (const index of [3, 4]) assert.ok(asked.includes(bench.member(index)));
  assert.ok(!asked.includes(bench.member(1)), 'the dead one is left alone for now');
});

test('only a neighbour that told of a link to a member can say that it failed', () => {
  for (const listed of [false, true]) {
    const bench = new Bench(64, { shortcuts: 0 });
    bench.linkAll();
    bench.says(62, 'successor', listed ? [3] : []);
    const fields = { leaf: false, reset: false, version: 2, error: 1, added: [] };
    const coordinate = packCoordinate({ x: 0, y: 0, height: 1 });
    const removed = [{ point: new RingPoints().intern(bench.member(3)), failed: true }];
    const bytes = withWish(encodeNeighbours({ ...fields, coordinate, removed }), 'successor');
    bench.topology.control(bench.now, bench.member(62), bytes);
    bench.topology.linkDown(bench.now, bench.member(1), 'failed');
    bench.drain();
    assert.equal(bench.links[0]?.id, bench.member(listed ? 4 : 3));
  }
});

test('a member is lost when the last of those that had a link to it says so', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  const { topology } = bench;
  bench.linkAll();
  const lost = () => topology.lostSince(bench.now, bench.member(1));
  bench.says(62, 'successor', [1]);
  assert.equal(lost(), undefined, 'there is a link');
  topology.linkDown(bench.now, bench.member(1), 'failed');
  assert.equal(lost(), undefined, 'a neighbour has one');
  bench.now = 1_000;
  const fields = { leaf: false, reset: false, version: 2, error: 1, added: [] };
  const coordinate = packCoordinate({ x: 0, y: 0, height: 1 });
  const removed = [{ point: new RingPoints().intern(bench.member(1)), failed: true }];
  const bytes = withWish(encodeNeighbours({ ...fields, coordinate, removed }), 'successor');
  topology.control(bench.now, bench.member(62), bytes);
  assert.equal(lost(), 1_000);
  const record = new Uint8Array();
  const id = bench.member(1);
  topology.memberSeen(bench.now, { id, sequence: 2, record, signaling: true });
  assert.equal(lost(), undefined, 'it came back');
});

test('a member that can not be reached is left out for a while, longer each time', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.links.length = 0;
  const tries = () =>
    bench.outputs.filter(out => out.type === 'link' && out.id === bench.member(1));
  bench.topology.linkFailed(bench.now, bench.member(1), 'failed');
  bench.wait(1_400);
  assert.equal(tries().length, 1);
  bench.wait(1_200);
  assert.equal(tries().length, 2);
  bench.topology.linkFailed(bench.now, bench.member(1), 'failed');
  bench.wait(2_900);
  assert.equal(tries().length, 2);
  bench.wait(2_200);
  assert.equal(tries().length, 3);
  bench.topology.accepts(bench.now, bench.member(1), 'successor');
  bench.topology.linkUp(bench.now, bench.member(1), 3);
  bench.drain();
  assert.ok(bench.ring().includes(bench.member(1)));
});

test('a stalled neighbour is routed around until it answers', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  const { topology } = bench;
  assert.equal(topology.routes.points.length, 4);
  topology.linkStalled(bench.now, bench.member(1));
  assert.equal(topology.routes.points.length, 3);
  assert.deepEqual(
    topology.takeLost().map(({ id }) => id),
    [bench.member(1)],
  );
  topology.linkRtt(bench.now, bench.member(1), 8);
  assert.equal(topology.routes.points.length, 4);
  assert.deepEqual(topology.takeLost(), []);
});

test('neighbours of neighbours become ways, those without a record are asked for', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  bench.says(1, 'successor', [17, 40]);
  const ways = bench.topology.routes.points.map(({ point }) => point.id);
  assert.ok(ways.includes(bench.member(17)) && ways.includes(bench.member(40)));
});

test('a list with a gap is asked for anew, and not used', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  bench.says(1, 'successor', [20]);
  assert.equal(bench.topology.routes.points.length, 5);
  const coordinate = packCoordinate({ x: 0, y: 0, height: 1 });
  const fields = { leaf: false, version: 5, coordinate, error: 1, removed: [] };
  const point = new RingPoints().intern(bench.member(30));
  const added = [{ point, leaf: false, coordinate }];
  const bytes = withWish(encodeNeighbours({ ...fields, reset: false, added }), 'successor');
  bench.topology.control(bench.now, bench.member(1), bytes);
  const resend = bench.drain().filter(out => out.type === 'send' && out.bytes[0] === 2);
  assert.deepEqual(resend, [{ type: 'send', to: bench.member(1), bytes: Uint8Array.of(2) }]);
  assert.equal(bench.topology.routes.points.length, 5);
});

test('a neighbour that says nothing is asked for its list', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  bench.says(1, 'successor');
  bench.wait(3_000);
  const asked = bench.outputs.filter(out => out.type === 'send' && out.bytes[0] === 2);
  const to = asked.map(out => (out.type === 'send' ? out.to : undefined));
  assert.deepEqual(new Set(to), new Set([2, 62, 63].map(index => bench.member(index))));
});

test('malformed control bytes and those of strangers change nothing', () => {
  const bench = new Bench(64);
  bench.linkAll();
  const says = (index: number, bytes: Uint8Array) =>
    bench.topology.control(bench.now, bench.member(index), bytes);
  assert.ok(!says(1, Uint8Array.of(1, 2, 3)));
  assert.ok(!says(1, new Uint8Array()));
  assert.ok(says(31, Uint8Array.of(1, 2, 3)), 'it is not looked at');
  assert.ok(says(1, encodeResend()));
});

test('a member that another half holds dead is asked, and out if it does not contradict', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  bench.topology.signaling(bench.now, false);
  const point = new RingPoints().intern(bench.member(30));
  const notice = { point, sequence: 1, leaf: false, dead: true, record: new Uint8Array() };
  const tell = () => bench.topology.control(bench.now, bench.member(62), encodeMembers([notice]));
  tell();
  const asked = bench.drain().flatMap(out => (out.type === 'send' ? [out.to] : []));
  assert.deepEqual(asked, [bench.member(2)], 'the neighbour nearest to it passes the question on');
  const lost = () => bench.outputs.some(({ type }) => type === 'memberLost');
  const newer = { id: bench.member(30), sequence: 2, record: new Uint8Array(), signaling: false };
  bench.wait(5_000);
  bench.topology.memberSeen(bench.now, newer);
  bench.wait(60_000);
  assert.ok(!lost(), 'it contradicted');
  tell();
  bench.wait(60_000);
  assert.ok(!lost(), 'what is older than its record does not count');
  notice.sequence = 2;
  tell();
  bench.wait(19_000);
  assert.ok(!lost());
  bench.wait(2_000);
  assert.ok(lost());
});

test('no death notice outlives the contradiction of the member, however high its sequence', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  bench.topology.signaling(bench.now, false);
  const points = new RingPoints();
  const notice = (index: number) => ({
    point: points.intern(bench.member(index)),
    sequence: 2 ** 48 - 1,
    leaf: false,
    dead: true,
    end: points.intern(bench.member(40)),
    record: new Uint8Array(),
  });
  const isMember = (id: NodeId) => {
    const point = bench.topology.members.points.get(id);
    return point !== undefined && bench.topology.members.entry(point) !== undefined;
  };
  const stranger = points.intern('0123456789abcdef0123456789abcdef' as NodeId);
  const notices = [notice(30), { ...notice(31), point: stranger }];
  bench.topology.control(bench.now, bench.member(62), encodeMembers(notices));
  bench.drain();
  assert.ok(!isMember(bench.member(30)), 'what a flood tells is believed');
  const newer = { sequence: 2, record: new Uint8Array(), signaling: false };
  bench.topology.memberSeen(bench.now, { ...newer, id: bench.member(30) });
  assert.ok(isMember(bench.member(30)), 'it contradicted');
  bench.topology.memberSeen(bench.now, { ...newer, id: stranger.id });
  assert.ok(isMember(stranger.id), 'no notice keeps out one that is not known yet');
});

test('a node contradicts its death, ever more seldom, and not at all what is older than its record', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  let own = 5;
  const announce = () => {
    bench.topology.announce(bench.now, { sequence: own, record: new Uint8Array() });
  };
  announce();
  const point = new RingPoints().intern(SELF);
  const tell = (sequence: number) => {
    const notice = { point, sequence, leaf: false, dead: true, record: new Uint8Array() };
    bench.topology.control(bench.now, bench.member(62), encodeMembers([notice]));
  };
  let refuted = 0;
  const second = (sequence: number) => {
    tell(sequence);
    const before = bench.outputs.length;
    bench.wait(1_000);
    for (const { type } of bench.outputs.slice(before)) {
      if (type !== 'refute') continue;
      refuted += 1;
      own += 1;
      announce();
    }
  };
  for (let told = 0; told < 60; told += 1) second(4);
  assert.equal(refuted, 0, 'the server tells the newer record');
  for (let told = 0; told < 60; told += 1) second(own);
  assert.ok(refuted >= 5 && refuted <= 8, `${refuted} times`);
});

test('records that are refused do not keep later ones from being passed on', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  bench.topology.signaling(bench.now, false);
  const points = new RingPoints();
  const end = points.intern(bench.member(40));
  const tell = (id: NodeId) => {
    const record = new Uint8Array();
    const carried = {
      point: points.intern(id),
      sequence: 1,
      leaf: false,
      dead: false,
      end,
      record,
    };
    bench.topology.control(bench.now, bench.member(62), encodeMembers([carried]));
    bench.drain();
  };
  for (let refused = 0; refused < 300; refused += 1) tell(idAt(refused + 1));
  const id = idAt(0x8800_0001);
  tell(id);
  bench.topology.memberSeen(bench.now, {
    id,
    sequence: 1,
    record: new Uint8Array(),
    signaling: false,
  });
  assert.ok(bench.drain().some(({ type }) => type === 'send'));
});

test('while the server is there a flooded death is a question, not an answer', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  const points = new RingPoints();
  const end = points.intern(bench.member(40));
  const point = points.intern(bench.member(30));
  const notice = { point, sequence: 1, leaf: false, dead: true, end, record: new Uint8Array() };
  bench.topology.control(bench.now, bench.member(62), encodeMembers([notice]));
  bench.drain();
  assert.ok(!bench.outputs.some(({ type }) => type === 'memberLost'));
  bench.wait(25_000);
  assert.ok(
    bench.outputs.some(({ type }) => type === 'memberLost'),
    'it did not contradict',
  );
});

test('a member that presence lost but the overlay still reaches stays one', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  bench.topology.memberGone(bench.now, bench.member(1));
  bench.topology.memberGone(bench.now, bench.member(33));
  assert.equal(bench.topology.members.size, 63);
});

test('a neighbour hears from us every 30 seconds at least', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  for (const index of [1, 2, 62, 63]) bench.says(index, 'successor');
  bench.wait(5_000);
  const last = new Map([1, 2, 62, 63].map(index => [bench.member(index), bench.now]));
  let longest = 0;
  for (let second = 0; second < 600; second += 1) {
    bench.outputs.length = 0;
    bench.wait(1_000);
    for (const [id, at] of last) {
      if (bench.outputs.some(out => out.type === 'send' && out.to === id)) last.set(id, bench.now);
      longest = Math.max(longest, bench.now - at);
    }
  }
  assert.ok(longest <= 31_000, `${longest} ms`);
});
