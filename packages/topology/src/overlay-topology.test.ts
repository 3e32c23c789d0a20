import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@evio/types';
import { encodeNeighbours, withWish } from './control-writer.ts';
import { packCoordinate } from './coordinate.ts';
import type { LinkRole } from './link-policy.ts';
import { OverlayTopology } from './overlay-topology.ts';
import { RingPoints } from './ring-point.ts';
import type { TopologyOptions, TopologyOutput } from './topology-options.ts';

const idAt = (position: number): NodeId =>
  position.toString(16).padStart(8, '0').padEnd(32, '0') as NodeId;
const SELF = idAt(0x8000_0000);

/** One node in an overlay of `size` members that stand evenly on the ring; member 0 is the node. */
class Bench {
  readonly topology: OverlayTopology;
  readonly size: number;
  readonly links: { id: NodeId; role: LinkRole }[] = [];
  readonly outputs: TopologyOutput[] = [];
  #state = 1;
  now = 0;

  constructor(size: number, options: Partial<TopologyOptions> = {}) {
    this.size = size;
    const random = (count: number) => {
      const bytes = new Uint8Array(count);
      for (let at = 0; at < count; at += 1) {
        this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0;
        bytes[at] = this.#state >>> 16;
      }
      return bytes;
    };
    const defaults = { self: SELF, successors: 2, shortcuts: 'auto' as const, onDemand: 2 };
    this.topology = new OverlayTopology({ ...defaults, random, ...options });
    this.topology.signaling(0, true);
    this.topology.announce(0, { sequence: 1, record: new Uint8Array() });
    for (let index = 1; index < size; index += 1) this.see(index);
    this.drain();
  }

  member(index: number): NodeId {
    const step = 2 ** 32 / this.size;
    return idAt((0x8000_0000 + Math.round(index * step)) % 2 ** 32);
  }

  see(index: number, leaf = false): void {
    const seen = { id: this.member(index), sequence: 1, leaf, record: new Uint8Array() };
    this.topology.memberSeen(this.now, { ...seen, signaling: true });
  }

  drain(): TopologyOutput[] {
    const drained: TopologyOutput[] = [];
    for (let out = this.topology.poll(); out; out = this.topology.poll()) {
      drained.push(out);
      if (out.type === 'link') this.links.push({ id: out.id, role: out.role });
    }
    this.outputs.push(...drained);
    return drained;
  }

  /** Answers every wish for a link until there is none. */
  linkAll(): void {
    for (let next = this.links.shift(); next; next = this.links.shift()) {
      this.topology.linkUp(this.now, next.id, 20);
      this.drain();
    }
  }

  wait(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.topology.nextTimeout();
      if (next === undefined || next > end) break;
      this.now = Math.max(this.now, next);
      this.topology.tick(this.now);
      this.drain();
    }
    this.now = end;
  }

  says(index: number, wish: 'none' | 'shortcut' | 'successor', added: number[] = []): void {
    const points = new RingPoints();
    const coordinate = packCoordinate({ x: 0, y: 0, height: 1 });
    const items = added.map(at => ({
      point: points.intern(this.member(at)),
      leaf: false,
      coordinate,
    }));
    const fields = { leaf: false, reset: true, version: 1, coordinate, error: 1, removed: [] };
    const bytes = withWish(encodeNeighbours({ ...fields, added: items }), wish);
    this.topology.control(this.now, this.member(index), bytes);
    this.drain();
  }

  roles(): Map<NodeId, LinkRole> {
    const roles = new Map<NodeId, LinkRole>();
    for (const neighbour of this.topology.neighbours.values()) {
      if (neighbour.wish() !== 'none') roles.set(neighbour.point.id, neighbour.role());
    }
    return roles;
  }

  ring(): NodeId[] {
    return [...this.roles()].filter(([, role]) => role === 'successor').map(([id]) => id);
  }
}

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

test('more shortcuts than twice the own number are refused, ring links never', () => {
  const bench = new Bench(64, { shortcuts: 2 });
  bench.linkAll();
  const accepted = [20, 21, 22, 23, 24, 25].filter(index =>
    bench.topology.accepts(bench.now, bench.member(index), 'shortcut'),
  );
  assert.equal(accepted.length, 4);
  assert.ok(bench.topology.accepts(bench.now, bench.member(26), 'successor'));
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
  bench.topology.control(bench.now, bench.member(1), Uint8Array.of(1, 2, 3));
  bench.topology.control(bench.now, bench.member(1), new Uint8Array());
  assert.equal(bench.topology.malformed, 2);
  bench.topology.control(bench.now, bench.member(31), Uint8Array.of(1, 2, 3));
  assert.equal(bench.topology.malformed, 2);
});

test('a member that presence lost but the overlay still reaches stays one', () => {
  const bench = new Bench(64, { shortcuts: 0 });
  bench.linkAll();
  bench.topology.memberGone(bench.now, bench.member(1));
  bench.topology.memberGone(bench.now, bench.member(33));
  assert.equal(bench.topology.members.size, 63);
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
