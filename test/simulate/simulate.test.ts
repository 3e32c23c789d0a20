import assert from 'node:assert/strict';
import { test } from 'node:test';
import { churn } from './churn.ts';
import { crashMany, reachability } from './crash.ts';
import { flood } from './flood.ts';
import { LiveFloods } from './live-floods.ts';
import { degree, lookups, pick } from './measure.ts';
import { Network } from './network.ts';
import { partition } from './partition.ts';
import { missedTargets } from './report-text.ts';
import { isHealed, isRingWhole } from './ring-check.ts';
import type { SimNode } from './sim-node.ts';
import { type SimulateOptions, settled, simulate } from './simulate.ts';

const OPTIONS: SimulateOptions = {
  nodes: 1_000,
  seed: 1,
  churn: 0,
  loss: 0,
  partition: 0,
  successors: 2,
  shortcuts: 'auto',
  proximity: true,
  server: 'present',
  settle: 5,
  pairs: 20_000,
};

function whole(network: Network, limitSeconds: number): number {
  const start = network.now;
  do network.queue.runUntil(network.now + 250);
  while (!isHealed(network) && network.now - start < limitSeconds * 1000);
  return (network.now - start) / 1000;
}

test('a thousand nodes meet every target, and survive the crash of a fifth', () => {
  const report = simulate(OPTIONS);
  assert.deepEqual(missedTargets(report), []);
});

test('lookups succeed while a twentieth of the nodes is replaced each minute', () => {
  const network = new Network({ seed: 2 });
  network.populate(300);
  network.queue.runUntil(10_000);
  const result = churn(network, 5, 120, 5_000);
  assert.ok(result.succeeded >= 0.999, `${result.succeeded}`);
  assert.ok(result.firstTry >= 0.99, `${result.firstTry}`);
});

test('control messages that get lost are made up for', () => {
  const report = simulate({ ...OPTIONS, nodes: 200, loss: 0.1 });
  assert.deepEqual(missedTargets(report), []);
});

test('without a server the overlay grows, knows all its members and heals', () => {
  const network = new Network({ seed: 3, server: 'away' });
  network.populate(100);
  network.queue.runUntil(60_000);
  whole(network, 30);
  network.queue.runUntil(network.now + 120_000);
  assert.ok(isRingWhole(network));
  for (const { topology } of network.living) assert.equal(topology.members.size, 100);
  for (let count = 0; count < 20; count += 1) network.crash(pick(network));
  assert.ok(whole(network, 60) <= 10);
  assert.equal(reachability(network, 10_000).unreachable, 0);
  network.queue.runUntil(network.now + 180_000);
  for (const { topology } of network.living) assert.equal(topology.members.size, 80);
});

test('two halves that were apart become one ring again, and then survive a crash', () => {
  for (const server of ['present', 'away'] as const) {
    const network = new Network({ seed: 4, server });
    network.populate(100);
    network.queue.runUntil(120_000);
    const parted = partition(network, 60, 10_000);
    assert.ok((parted.partSeconds ?? 60) <= 10, `${server}: ${parted.partSeconds} s to two rings`);
    assert.ok((parted.mergeSeconds ?? 600) <= 60, `${server}: ${parted.mergeSeconds} s to one`);
    assert.equal(parted.unreachable, 0);
    assert.deepEqual(parted.flood, { reached: 99, duplicates: 0 });
    network.queue.runUntil(network.now + 30_000);
    const crash = crashMany(network, 0.2, 10_000);
    assert.ok((crash.healSeconds ?? 60) <= 10, `${server}: healed in ${crash.healSeconds} s`);
    assert.equal(crash.unreachable, 0);
  }
});

/** All nodes manual, with the static links that `statics` gives to the one at each place of the ring. */
function manual(
  size: number,
  statics: (ring: SimNode[], index: number) => (SimNode | undefined)[],
) {
  const network = new Network({ seed: 8, manual: true });
  network.populate(size);
  const ring = [...network.living].sort((a, b) => (a.id < b.id ? -1 : 1));
  ring.forEach((node, index) => {
    const ids = statics(ring, index).flatMap(other => other?.id ?? []);
    node.topology.setStatic(network.now, ids);
    network.settle(node);
  });
  network.queue.runUntil(20_000);
  return network;
}

test('manual nodes make their static links only; a star and a ring of these reach everybody', () => {
  const star = manual(30, (ring, index) => (index === 17 ? [] : [ring[17]]));
  const ring = manual(30, (nodes, index) => [nodes[(index + 1) % nodes.length]]);
  assert.equal(degree(star).mean, 58 / 30);
  assert.equal(degree(ring).max, 2);
  for (const network of [star, ring]) {
    assert.equal(reachability(network, 1_000).unreachable, 0);
    for (const origin of network.living) {
      const { reached, duplicates } = flood(network, origin);
      assert.deepEqual([reached, duplicates], [29, 0]);
    }
  }
});

test('control traffic grows no faster than the square of log n', () => {
  const perLogSquared = [64, 256, 1_024].map(nodes => {
    const { network } = settled({ ...OPTIONS, nodes });
    const before = network.transport.messages;
    network.queue.runUntil(network.now + 30_000);
    return (network.transport.messages - before) / nodes / Math.log2(nodes) ** 2;
  });
  const [small = 0, middle = 0, large = 0] = perLogSquared;
  assert.ok(middle <= small && large <= middle, perLogSquared.join(', '));
});

test('leafs reach all and are reached, and carry nothing', () => {
  const network = new Network({ seed: 5 });
  network.populate(120, 40);
  whole(network, 30);
  network.queue.runUntil(network.now + 20_000);
  assert.equal(reachability(network, 20_000).unreachable, 0);
  for (const origin of network.living.filter(({ leaf }, index) => leaf || index % 10 === 0)) {
    const { reached, duplicates } = flood(network, origin);
    assert.deepEqual([reached, duplicates], [119, 0]);
  }
  for (const node of network.living) {
    for (const { nextHop } of node.topology.routes.points) {
      assert.ok(!network.nodes.get(nextHop.id)?.leaf);
    }
  }
});

test('broadcasts are delivered once at most, and repaired, while nodes come and crash', () => {
  const network = new Network({ seed: 6 });
  network.populate(200);
  network.queue.runUntil(15_000);
  const floods = new LiveFloods(network);
  for (let second = 0; second < 60; second += 1) {
    network.queue.after(second * 1000, () => floods.begin(pick(network)));
    if (second % 5 === 0) {
      network.queue.after(second * 1000 + 10, () => network.crash(pick(network)));
      network.queue.after(second * 1000 + 500, () => void network.join());
    }
  }
  network.queue.runUntil(network.now + 75_000);
  const { expected, missed, twice } = floods.result();
  assert.equal(twice, 0);
  assert.ok(missed / expected <= 0.0005, `${missed} of ${expected} missed`);
});

test('choosing near members cuts the latency by a quarter and more', () => {
  const latency = (proximity: boolean) => {
    const network = new Network({ seed: 7, proximity });
    network.populate(300);
    network.queue.runUntil(400_000);
    return lookups(network, 3_000).latencyMs;
  };
  const [plain, near] = [latency(false), latency(true)];
  assert.ok(near <= 0.75 * plain, `${near} against ${plain} ms`);
});

test('the report has the fields that others read', () => {
  const { nodes, seed, hops, flood, degree, messagesPerNodeMinute, healSeconds } = simulate({
    ...OPTIONS,
    nodes: 40,
  });
  assert.deepEqual([nodes, seed, flood.reached, flood.duplicates], [40, 1, 39, 0]);
  const { mean, p99, max } = hops;
  const numbers = [mean, p99, max, flood.maxDepth, degree.mean, degree.max];
  for (const value of [...numbers, messagesPerNodeMinute, healSeconds]) {
    assert.ok(typeof value === 'number' && value > 0);
  }
});

test('the same seed gives the same run', () => {
  const run = () => {
    const { wallSeconds, residentMegabytes, ...rest } = simulate({
      ...OPTIONS,
      nodes: 120,
      churn: 5,
      partition: 10,
    });
    assert.ok(wallSeconds > 0 && residentMegabytes > 0);
    return rest;
  };
  assert.deepEqual(run(), run());
});
