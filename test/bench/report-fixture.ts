import { completed, type Report, type Result } from './report.ts';

/** A result with three runs around its median. */
export function result(name: string, scenario: string, metric: string, median: number): Result {
  const runs = [median * 0.9, median, median * 1.2];
  return { name, scenario, metric, unit: '', median, runs };
}

/** A report of Evio and wireguard-go with these results. */
export function reportOf(results: readonly Result[]): Report {
  return completed({
    machine: { cpu: 'Z80', cores: 1, memoryGB: 1, kernel: '6.18', node: 'v24' },
    startedAt: '2026-01-02T03:04:05.000Z',
    seconds: 120,
    command: 'npm run bench',
    rounds: 3,
    tunnelMtu: 1400,
    versions: { evio: '1.0', 'wireguard-go': '0.1' },
    configurations: { evio: 'As it comes.', 'wireguard-go': 'As it comes.' },
    results,
    failures: [],
  });
}
