import type { Result } from './report.ts';
import { rounded } from './statistics.ts';

/** Something that was aimed at, and what came of it. */
export interface Target {
  /** Against whom. */
  readonly against: string;
  readonly what: string;
  /** `≥ 3 ×`, `≤ 1.5 s/GB`. */
  readonly wanted: string;
  /** Null when it was not measured. */
  readonly value: number | null;
  readonly met: boolean | null;
}

type Figure = (name: string, scenario: string, metric: string) => number;

interface Aim {
  readonly against: string;
  readonly what: string;
  readonly bound: '≥' | '≤';
  readonly limit: number;
  readonly unit: string;
  /** From medians; NaN when one of them is missing. */
  readonly value: (figure: Figure) => number;
}

const AIMS: readonly Aim[] = [
  ratio('wireguard-go', 'one TCP stream', 'tcp-1', 'throughput', '≥', 3),
  ratio('wireguard-go', 'four TCP streams', 'tcp-4', 'throughput', '≥', 3),
  ratio('wireguard-go', '64-byte packets, 256 in flight', 'packets-64', 'rate', '≥', 3),
  ratio('wireguard-go', 'round trip, idle', 'idle', 'round trip', '≤', 0.5),
  ratio('nebula', 'one TCP stream', 'tcp-1', 'throughput', '≥', 8),
  ratio('vxlan', 'one TCP stream, offloads off', 'tcp-1-offloads-off', 'throughput', '≥', 0.6),
  {
    against: 'itself',
    what: 'processor time of both agents, one TCP stream',
    bound: '≤',
    limit: 1.5,
    unit: 's/GB',
    value: figure => figure('evio', 'tcp-1', 'cpu'),
  },
  ratio('evio-single', 'one TCP stream, 1 % loss', 'tcp-1-loss-1', 'throughput', '≥', 1),
  {
    against: 'itself',
    what: 'round trip that full load adds',
    bound: '≤',
    limit: 1,
    unit: 'ms',
    value: figure =>
      (figure('evio', 'loaded', 'round trip') - figure('evio', 'idle', 'round trip')) / 1000,
  },
  {
    against: 'itself, direct',
    what: 'one TCP stream over one relaying member',
    bound: '≥',
    limit: 0.4,
    unit: '×',
    value: figure =>
      figure('evio', 'relay', 'throughput') / figure('evio', 'relay-direct', 'throughput'),
  },
];

function ratio(
  against: string,
  what: string,
  scenario: string,
  metric: string,
  bound: Aim['bound'],
  limit: number,
): Aim {
  const value = (figure: Figure) =>
    figure('evio', scenario, metric) / figure(against, scenario, metric);
  return { against, what, bound, limit, unit: '×', value };
}

/** All targets, the one of {@link Report.ratioToWireguardGo} first. */
export function targets(results: readonly Result[]): Target[] {
  const figure: Figure = (name, scenario, metric) =>
    results.find(
      result => result.name === name && result.scenario === scenario && result.metric === metric,
    )?.median ?? Number.NaN;
  return AIMS.map(({ against, what, bound, limit, unit, value }) => {
    const found = value(figure);
    const wanted = `${bound} ${limit} ${unit}`;
    if (!Number.isFinite(found)) return { against, what, wanted, value: null, met: null };
    const met = bound === '≥' ? found >= limit : found <= limit;
    return { against, what, wanted, value: rounded(found), met };
  });
}
