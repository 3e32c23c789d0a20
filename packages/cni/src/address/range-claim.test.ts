import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NodeId, parseNodeId } from '@evio/types';
import fc from 'fast-check';
import { type Announcement, type ClaimState, type Outcome, RangeClaim } from './range-claim.ts';

/** A node with a disk, and all records that it ever announced. */
class Node {
  readonly id: NodeId;
  readonly account: string;
  readonly records: Announcement[] = [];
  readonly #cluster: Cluster;
  /** How far its clock is off. */
  readonly #skew: number;
  outcome: Outcome | undefined;
  #claim: RangeClaim;
  #disk: ClaimState | undefined;

  constructor(cluster: Cluster, number: number, skew: number) {
    this.#cluster = cluster;
    this.#skew = skew;
    this.id = parseNodeId(number.toString(16).padStart(32, '0'));
    this.account = `node-${number}@example.org`;
    this.#claim = this.#boot();
  }

  #boot(): RangeClaim {
    return new RangeClaim({
      self: { id: this.id, account: this.account },
      parts: this.#cluster.parts,
      ...(this.#disk && { state: structuredClone(this.#disk) }),
    });
  }

  /** All that was not on disk is gone. */
  restart(): void {
    this.#claim = this.#boot();
    this.decide();
  }

  hear(from: Node, sequence: number): void {
    const record = from.records[sequence];
    if (record !== undefined) this.#claim.hear(from.account, from.id, BigInt(sequence), record);
    this.decide();
  }

  decide(): void {
    this.#claim.setMembers(this.#cluster.accounts);
    this.outcome = this.#claim.decide(this.#cluster.now + this.#skew);
    this.#disk = this.outcome.state;
    const { announcement, granted } = this.outcome;
    const said = JSON.stringify(announcement);
    if (said !== JSON.stringify(this.records.at(-1))) this.records.push(JSON.parse(said));
    if (granted !== undefined) this.#cluster.grant(granted, this);
  }
}

/** Nodes of one roster group, between which records are delivered late, twice, in any order or never. */
class Cluster {
  readonly parts: number;
  readonly nodes: Node[];
  readonly accounts = new Set<string>();
  readonly #holders = new Map<number, Node>();
  now = 1_000_000;

  constructor(parts: number, skews: readonly number[]) {
    this.parts = parts;
    this.nodes = skews.map((skew, index) => new Node(this, index + 1, skew));
    for (const { account } of this.nodes) this.accounts.add(account);
  }

  /** Once granted, a part is that node's for ever. */
  grant(part: number, node: Node): void {
    const holder = this.#holders.get(part) ?? node;
    assert.equal(holder.account, node.account, `two nodes hand out part ${part}`);
    this.#holders.set(part, holder);
  }

  /** Everybody hears the newest of everybody until nobody has anything new to say. */
  settle(): void {
    for (let before = -1, said = 0, round = 0; round < 4 || before !== said; round++) {
      assert.ok(round < 100, 'the nodes never agree');
      before = said;
      this.now += 5_000;
      for (const to of this.nodes) {
        to.decide();
        for (const from of this.nodes) if (from !== to) to.hear(from, from.records.length - 1);
      }
      said = this.nodes.reduce((sum, { records }) => sum + records.length, 0);
    }
  }

  /** Its account is taken out of the group. */
  remove(node: Node): void {
    this.accounts.delete(node.account);
    this.nodes.splice(this.nodes.indexOf(node), 1);
    this.#holders.delete(node.outcome?.granted ?? -1);
  }

  granted(): (number | undefined)[] {
    return this.nodes.map(({ outcome }) => outcome?.granted);
  }
}

const step = fc.record({
  kind: fc.constantFrom('hear', 'hear', 'hear', 'hear', 'decide', 'restart', 'time'),
  node: fc.nat(20),
  other: fc.nat(20),
  /** How old the record is that arrives. */
  age: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(6) }),
});

test('no two nodes ever hand out one range, whatever is lost, late or restarted; then all get one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 1, maxLength: 7 }),
      fc.nat(3),
      fc.array(step, { maxLength: 150 }),
      (skews, spare, steps) => {
        const cluster = new Cluster(skews.length + spare, skews);
        for (const { kind, node, other, age } of steps) {
          const to = cluster.nodes[node % cluster.nodes.length];
          const from = cluster.nodes[other % cluster.nodes.length];
          assert.ok(to && from);
          if (kind === 'hear' && from !== to) to.hear(from, from.records.length - 1 - age);
          else if (kind === 'restart') to.restart();
          else if (kind === 'time') cluster.now += age;
          else to.decide();
        }
        const before = cluster.granted();
        cluster.settle();
        const after = cluster.granted();
        assert.equal(new Set(after).size, after.length);
        assert.ok(!after.includes(undefined), `somebody got nothing: ${after}`);
        before.forEach((part, index) => {
          if (part !== undefined) assert.equal(after[index], part, 'a granted range was lost');
        });
      },
    ),
    { numRuns: 1500 },
  );
});

test('a node alone in its group has its range once it is sure to be alone', () => {
  const cluster = new Cluster(4, [0]);
  cluster.nodes[0]?.decide();
  assert.match(cluster.nodes[0]?.outcome?.problem ?? '', /no other account/);
  cluster.now += 10_000;
  cluster.nodes[0]?.decide();
  assert.notEqual(cluster.granted()[0], undefined);
});

test('the smaller half of a split gets nothing new, and keeps what it has', () => {
  const cluster = new Cluster(256, [0, 0, 0]);
  const [a, b, c] = cluster.nodes;
  assert.ok(a && b && c);
  a.decide();
  assert.equal(a.outcome?.granted, undefined);
  assert.match(a.outcome?.problem ?? '', /1 of the 2 accounts/);
  // a and b can talk, c cannot.
  b.hear(a, 0);
  a.hear(b, b.records.length - 1);
  c.decide();
  assert.notEqual(a.outcome?.granted, undefined);
  assert.equal(c.outcome?.granted, undefined);
  a.restart();
  assert.notEqual(a.outcome?.granted, undefined);
});

test('of two that claim one range at once the earlier gets it, at equal times the lower id', () => {
  for (const [skews, winner] of [
    [[0, 5, 0], 0],
    [[5, 0, 0], 1],
    [[0, 0, 0], 0],
  ] as const) {
    const cluster = new Cluster(1, skews);
    const [a, b, c] = cluster.nodes;
    assert.ok(a && b && c);
    a.decide();
    b.decide();
    cluster.settle();
    const holders = cluster.granted().flatMap((part, index) => (part === undefined ? [] : [index]));
    assert.deepEqual(holders, [winner]);
    assert.match(cluster.nodes[1 - winner]?.outcome?.problem ?? '', /all 1 parts/);
  }
});

test('what a node had becomes free when its account leaves the group', () => {
  const cluster = new Cluster(2, [0, 0, 0]);
  cluster.settle();
  const waiting = cluster.nodes.find(({ outcome }) => outcome?.granted === undefined);
  const gone = cluster.nodes.find(({ outcome }) => outcome?.granted !== undefined);
  assert.ok(waiting && gone);
  const part = gone.outcome?.granted;
  cluster.remove(gone);
  cluster.settle();
  assert.equal(waiting.outcome?.granted, part);
});
