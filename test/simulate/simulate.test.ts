import assert from 'node:assert/strict';
import { test } from 'node:test';
import { churn } from './churn.ts';
import { reachability } from './crash.ts';
import { flood } from './flood.ts';
import { LiveFloods } from './live-floods.ts';
import { lookups, pick } from './measure.ts';
import { Network } from './network.ts';
import { missedTargets } from './report-text.ts';
import { isHealed, isRingWhole } from './ring-check.ts';
import { type SimulateOptions, simulate } from './simulate.ts';

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

test('two halves that were apart become one ring again', () => {
  for (const server of ['present', 'away'] as const) {
    const network = new Network({ seed: 4, server });
    network.populate(100);
    network.queue.runUntil(120_000);
    network.transport.split(node => (node.place.salt % 2 === 0 ? 0 : 1));
    network.queue.runUntil(network.now + 60_000);
    network.transport.split(undefined);
    // The server tells everybody at once; without it graves have to grow over first (two minutes).
    assert.ok(whole(network, 240) < 240, server);
    assert.equal(reachability(network, 10_000).unreachable, 0);
    const { reached, duplicates } = flood(network, pick(network));
    assert.deepEqual([reached, duplicates], [99, 0]);
  }
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

test('the same seed gives the same run', () => {
  const run = () => {
    const { wallSeconds, residentMegabytes, ...rest } = simulate({
      ...OPTIONS,
      nodes: 120,
      churn: 5,
    });
    assert.ok(wallSeconds > 0 && residentMegabytes > 0);
    return rest;
  };
  assert.deepEqual(run(), run());
});
