import { type BarChart, type BarGroup, barChart } from './bar-chart.ts';
import type { Report, Result } from './report.ts';

interface Series {
  readonly label: string;
  readonly scenario: string;
  readonly metric: string;
}

interface Drawing {
  readonly file: string;
  readonly title: string;
  /** Where a report has another unit than people think in: what to divide by, and the unit then. */
  readonly unit: string;
  readonly divisor?: number;
  readonly series: readonly Series[];
  readonly logarithmic?: boolean;
}

const DRAWINGS: readonly Drawing[] = [
  {
    file: 'performance-throughput.svg',
    title: 'TCP throughput',
    unit: 'Gb/s',
    divisor: 1000,
    series: [
      { label: 'one stream', scenario: 'tcp-1', metric: 'throughput' },
      { label: 'four streams', scenario: 'tcp-4', metric: 'throughput' },
    ],
  },
  {
    file: 'performance-impaired.svg',
    title: 'One TCP stream without offloads in the network, and with loss',
    unit: 'Gb/s',
    divisor: 1000,
    series: [
      { label: 'no loss', scenario: 'tcp-1-offloads-off', metric: 'throughput' },
      { label: '0.1 % loss', scenario: 'tcp-1-loss-0.1', metric: 'throughput' },
      { label: '1 % loss', scenario: 'tcp-1-loss-1', metric: 'throughput' },
    ],
  },
  {
    file: 'performance-packets.svg',
    title: '64-byte packets, 256 in flight',
    unit: '1,000/s',
    divisor: 1000,
    series: [{ label: 'rate', scenario: 'packets-64', metric: 'rate' }],
  },
  {
    file: 'performance-round-trip.svg',
    title: 'Round trip of a ping, median (less is better)',
    unit: 'µs',
    logarithmic: true,
    series: [
      { label: 'idle', scenario: 'idle', metric: 'round trip' },
      { label: 'beside one TCP stream', scenario: 'loaded', metric: 'round trip' },
    ],
  },
  {
    file: 'performance-cpu.svg',
    title: 'Processor time of both daemons, one TCP stream (less is better)',
    unit: 's/GB',
    series: [{ label: 'one stream', scenario: 'tcp-1', metric: 'cpu' }],
  },
];

/** A picture of the documentation. */
export interface Picture {
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

/** The pictures of a report; what was not measured is not drawn. */
export function pictures({ results, versions }: Report): Picture[] {
  const names = Object.keys(versions);
  return DRAWINGS.flatMap(({ file, title, unit, divisor = 1, series, logarithmic = false }) => {
    const groups = names
      .map((label): BarGroup => {
        const found = series.map(({ scenario, metric }) =>
          results.find(r => r.name === label && r.scenario === scenario && r.metric === metric),
        );
        return { label, bars: found.map(result => bar(result, divisor)) };
      })
      .filter(({ bars }) => bars.some(each => each !== undefined));
    if (groups.length === 0) return [];
    const chart: BarChart = {
      ...{ title, unit, groups, logarithmic, emphasis: 'evio' },
      series: series.map(({ label }) => label),
    };
    return [{ file, title, svg: barChart(chart) }];
  });
}

function bar(result: Result | undefined, divisor: number) {
  if (result === undefined) return undefined;
  const { median, runs } = result;
  return {
    median: median / divisor,
    least: Math.min(...runs) / divisor,
    most: Math.max(...runs) / divisor,
  };
}
