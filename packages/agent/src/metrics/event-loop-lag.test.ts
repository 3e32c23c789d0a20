import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { eventLoopLag, type LagHistogram } from './event-loop-lag.ts';

/** A histogram of times between two looks, in ms. */
function histogram(times: { mean: number; p99: number; max: number }): LagHistogram {
  let count = 1;
  return {
    get count() {
      return count;
    },
    mean: times.mean * 1e6,
    max: times.max * 1e6,
    percentile: () => times.p99 * 1e6,
    reset: () => {
      count = 0;
    },
  };
}

async function told(registry: Registry, name: string): Promise<number | undefined> {
  const metric = await registry.getSingleMetric(`nodejs_eventloop_lag_${name}_seconds`)?.get();
  return metric?.values[0]?.value;
}

test('what is told is the delay without the interval at which it is asked', async () => {
  const registry = new Registry();
  const take = eventLoopLag(registry, histogram({ mean: 200.1, p99: 450, max: 1_200 }));
  take();
  assert.equal((await told(registry, 'p99'))?.toFixed(3), '0.250');
  assert.equal((await told(registry, 'max'))?.toFixed(3), '1.000');
  assert.equal((await told(registry, 'mean'))?.toFixed(4), '0.0001');
});

test('each scrape tells of the time since the one before', async () => {
  const registry = new Registry();
  const take = eventLoopLag(registry, histogram({ mean: 300, p99: 450, max: 1_200 }));
  take();
  take();
  assert.equal(await told(registry, 'max'), 0);
});
