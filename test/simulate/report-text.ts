import type { PartitionResult } from './partition.ts';
import type { SimulateReport } from './simulate.ts';

/** Below this many nodes a third of log₂ n is about one hop, which is the least there is. */
const LOGARITHMIC_FROM = 64;

/** The figures that are not as good as asked for. */
export function missedTargets(report: SimulateReport): string[] {
  const { hops, flood, degree, targets, healSeconds, crash, churn, lookups, nodes } = report;
  const parted = report.partition;
  const small = nodes < LOGARITHMIC_FROM;
  const checks: [string, boolean][] = [
    ['mean hops', small || hops.mean <= targets.hopsMean],
    ['99th percentile of hops', small || hops.p99 <= targets.hopsP99],
    ['flood reached', flood.reached === nodes - 1],
    ['flood duplicates', flood.duplicates === 0],
    ['flood depth', flood.maxDepth <= targets.floodDepth],
    ['mean degree', degree.mean <= targets.degreeMean],
    ['failed lookups', lookups.failed === 0],
    ['healing', healSeconds !== null && healSeconds <= 10],
    ['unreachable pairs', crash.unreachable === 0],
    ['lookups under churn', churn === null || churn.succeeded >= 0.999],
    ['broadcasts twice under churn', churn === null || churn.broadcasts.twice === 0],
    ['merged after partition', parted === null || parted.mergeSeconds !== null],
    ['unreachable after partition', parted === null || parted.unreachable === 0],
    ['broadcast after partition', parted === null || isComplete(parted)],
  ];
  return checks.filter(([, met]) => !met).map(([name]) => name);
}

function isComplete({ halves, flood }: PartitionResult): boolean {
  return flood.duplicates === 0 && flood.reached === halves[0] + halves[1] - 1;
}

/** The report as a table. */
export function reportText(report: SimulateReport): string {
  const { hops, flood, degree, targets, latency, crash, churn, lookups } = report;
  const f = (value: number, digits = 2) => value.toFixed(digits);
  const rows: [string, string, string][] = [
    ['', 'measured', 'asked for'],
    ['ring whole after start', `${f(report.startSeconds)} s`, ''],
    ['hops, mean', f(hops.mean), `≤ ${f(targets.hopsMean)}`],
    ['hops, 99th percentile', f(hops.p99, 0), `≤ ${f(targets.hopsP99)}`],
    ['hops, most', f(hops.max, 0), ''],
    ['lookups failed', `${lookups.failed} of ${lookups.count}`, '0'],
    [
      'latency one way, overlay / direct',
      `${f(latency.overlayMs, 0)} / ${f(latency.directMs, 0)} ms`,
      '',
    ],
    ['broadcast reached, least', `${flood.reached}`, `${report.nodes - 1}`],
    ['broadcast duplicates', `${flood.duplicates}`, '0'],
    ['broadcast depth, most', `${flood.maxDepth}`, `≤ ${f(targets.floodDepth)}`],
    ['links per node, mean', f(degree.mean), `≤ ${targets.degreeMean}`],
    ['links per node, most', f(degree.max, 0), ''],
    ['control messages per node and minute', f(report.messagesPerNodeMinute, 0), ''],
    ['ring whole after 20 % crashed', `${report.healSeconds ?? 'not within 60'} s`, '≤ 10 s'],
    ['pairs unreachable after that', `${crash.unreachable} of ${crash.pairs}`, '0'],
  ];
  if (churn) {
    rows.push(
      [
        `lookups under ${churn.percentPerMinute} %/min churn`,
        `${f(churn.succeeded * 100, 3)} %`,
        '≥ 99.9 %',
      ],
      ['… with the first datagram', `${f(churn.firstTry * 100, 3)} %`, ''],
      ['… control messages per node and minute', f(churn.messagesPerNodeMinute, 0), ''],
      ['… broadcasts delivered twice', `${churn.broadcasts.twice}`, '0'],
      ['… not delivered', `${churn.broadcasts.missed} of ${churn.broadcasts.expected}`, ''],
    );
  }
  if (report.partition) {
    const { seconds, partSeconds, mergeSeconds, pairs, unreachable } = report.partition;
    rows.push(
      [`two rings after a cut of ${seconds} s`, `${partSeconds ?? 'never'} s`, ''],
      ['one ring after it ended', `${mergeSeconds ?? 'never'} s`, ''],
      ['pairs unreachable after that', `${unreachable} of ${pairs}`, '0'],
    );
  }
  const width = (column: 0 | 1 | 2) => Math.max(...rows.map(row => row[column].length));
  const [first, second] = [width(0), width(1)];
  const lines = rows.map(([a, b, c]) =>
    `${a.padEnd(first)}  ${b.padStart(second)}  ${c}`.trimEnd(),
  );
  const missed = missedTargets(report);
  const verdict = missed.length > 0 ? `missed: ${missed.join(', ')}` : 'all targets met';
  const machine = `${f(report.wallSeconds, 1)} s, ${f(report.residentMegabytes, 0)} MiB`;
  const head = `${report.nodes} nodes, seed ${report.seed}`;
  return `${head}\n${lines.join('\n')}\n${verdict} (${machine})\n`;
}
