import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOSS, PLAIN } from './condition.ts';
import type { Peer } from './peer.ts';
import { underlay } from './peers/underlay.ts';
import { vxlan } from './peers/vxlan.ts';
import type { Plan } from './plan.ts';
import { Recorder } from './recorder.ts';
import { packets } from './scenarios/packets.ts';
import { idle } from './scenarios/round-trip.ts';
import { oneStream } from './scenarios/tcp.ts';
import { sideBySide } from './side-by-side.ts';

const PLAN: Plan = {
  blocks: [
    { condition: PLAIN, scenarios: [oneStream, idle], variants: [] },
    ...LOSS.slice(-1).map(condition => ({ condition, scenarios: [packets], variants: [] })),
  ],
  rounds: 2,
  pace: { tcpSeconds: 1, shortSeconds: 1, packetSeconds: 0.3, pings: 5 },
  starts: 1,
  extras: [],
  budgetSeconds: 60,
};

/** It starts, and then its daemon is gone. */
const dead: Peer = {
  ...underlay,
  name: 'dead',
  install: async (lab, left, right) => ({
    ...(await underlay.install(lab, left, right)),
    daemons: () => [{ pid: 2 ** 22 + 1, alive: false }],
  }),
};
const absent: Peer = {
  ...underlay,
  name: 'absent',
  install: () => Promise.reject(new Error('it is not there')),
};

test('products are measured in turn, and those that fail do not hold up the others', async () => {
  const recorder = new Recorder();
  const rounds = await sideBySide(PLAN, [absent, underlay, dead, vxlan], {
    recorder,
    own: lab => lab,
    say: () => {},
    elapsed: () => 0,
  });
  assert.equal(rounds, 2);
  const runsOf = (name: string, scenario: string, metric: string) =>
    recorder.results.find(
      result => result.name === name && result.scenario === scenario && result.metric === metric,
    )?.runs;
  for (const name of ['underlay', 'vxlan']) {
    assert.equal(runsOf(name, 'set-up', 'start to first ping')?.length, 1);
    for (const [scenario, metric] of [
      ['tcp-1', 'throughput'],
      ['packets-64-loss-1', 'rate'],
      ['idle', 'round trip'],
    ] as const) {
      const runs = runsOf(name, scenario, metric);
      assert.equal(runs?.length, 2, `${name}, ${scenario}`);
      assert.ok(runs?.every(value => value > 0));
    }
    // At one percent each way something is always lost of thousands.
    assert.ok(runsOf(name, 'packets-64-loss-1', 'lost')?.some(value => value > 0));
  }
  const failures = recorder.failures.map(({ name, scenario }) => [name, scenario]);
  assert.deepEqual(failures, [
    ['absent', 'set-up'],
    ['dead', 'tcp-1'],
  ]);
});
