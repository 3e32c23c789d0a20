import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/**
 * How often the loop is asked how late it is. prom-client does so a hundred times a second, which keeps
 * an idle host's processor awake; a delay that matters (0.2 s) is met as surely by this.
 */
const LAG_RESOLUTION_MS = 200;

/** What the gauges need of a histogram. It holds times between two looks, in nanoseconds. */
export interface LagHistogram {
  readonly count: number;
  readonly mean: number;
  readonly max: number;
  percentile(percent: number): number;
  reset(): void;
}

const LAGS = {
  mean: histogram => histogram.mean,
  p99: histogram => histogram.percentile(99),
  max: histogram => histogram.max,
} satisfies Record<string, (histogram: LagHistogram) => number>;

/**
 * How late the event loop was since the last scrape, beyond the interval at which it is asked; under
 * prom-client's names, so that dashboards made for Node show it.
 *
 * @param histogram of delays, running already. Default: one of this process.
 */
export function eventLoopLag(registry: Registry, histogram: LagHistogram = running()): () => void {
  const gauges = Object.entries(LAGS).map(([name, read]) => {
    const gauge = new Gauge({
      name: `nodejs_eventloop_lag_${name}_seconds`,
      help: `How late the event loop was since the last scrape, ${name}.`,
      registers: [registry],
    });
    return { gauge, read };
  });
  return () => {
    for (const { gauge, read } of gauges) {
      const between = histogram.count === 0 ? 0 : read(histogram) / 1e6;
      gauge.set(Math.max(0, between - LAG_RESOLUTION_MS) / 1_000);
    }
    histogram.reset();
  };
}

function running(): LagHistogram {
  const histogram = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  histogram.enable();
  return histogram;
}
