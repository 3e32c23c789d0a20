import { setTimeout as sleep } from 'node:timers/promises';
import { iperf } from '../../lab/index.ts';
import { quantile } from '../../simulate/statistics.ts';
import type { Measurement, Scenario } from '../scenario.ts';
import { median } from '../statistics.ts';

const INTERVAL_MS = 5;
/** Until TCP has found its rate. */
const RISE_MS = 300;

/** Pings on an idle tunnel, 5 ms apart. */
export const idle: Scenario = {
  name: 'idle',
  measure: async ({ tunnel, left, pace }) => {
    await using pings = left.pings(tunnel.rightAddress, { intervalMs: INTERVAL_MS });
    await pings.count(pace.pings, 5000 + pace.pings * INTERVAL_MS * 2);
    return times(pings.replies.map(({ rttMs }) => rttMs));
  },
};

/** The same while one TCP stream goes as fast as it can. */
export const loaded: Scenario = {
  name: 'loaded',
  measure: async ({ tunnel, left, right, pace }) => {
    const { rightAddress } = tunnel;
    const seconds = pace.shortSeconds;
    const transfer = iperf(left.namespace, right.namespace, rightAddress, { seconds });
    const rtts = (async () => {
      await sleep(RISE_MS);
      await using pings = left.pings(rightAddress, { intervalMs: INTERVAL_MS });
      await transfer;
      // The last tenth of a second may be without load.
      return pings.replies.slice(0, -Math.ceil(100 / INTERVAL_MS)).map(({ rttMs }) => rttMs);
    })();
    const [{ mbps }, values] = await Promise.all([transfer, rtts]);
    return [...times(values), { metric: 'throughput', unit: 'Mb/s', value: mbps }];
  },
};

function times(rttsMs: readonly number[]): Measurement[] {
  if (rttsMs.length === 0) throw new Error('no ping was answered');
  return [
    { metric: 'round trip', unit: 'µs', value: median(rttsMs) * 1000 },
    { metric: 'round trip, p99', unit: 'µs', value: quantile(rttsMs, 0.99) * 1000 },
  ];
}
