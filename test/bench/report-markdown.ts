import type { Picture } from './charts.ts';
import { figure, matrix } from './matrix.ts';
import type { Report } from './report.ts';

interface Column {
  readonly head: string;
  readonly scenario: string;
  readonly metric: string;
}

interface Section {
  readonly title: string;
  readonly columns: readonly Column[];
  /** Files of the pictures that belong to it. */
  readonly pictures: readonly string[];
}

const SECTIONS: readonly Section[] = [
  {
    title: 'TCP throughput, Mb/s',
    pictures: ['performance-throughput.svg', 'performance-impaired.svg'],
    columns: [
      { head: 'one stream', scenario: 'tcp-1', metric: 'throughput' },
      { head: 'four', scenario: 'tcp-4', metric: 'throughput' },
      { head: 'back', scenario: 'tcp-1-reverse', metric: 'throughput' },
      { head: 'both ways', scenario: 'tcp-1-bidirectional', metric: 'throughput' },
      { head: 'offloads off', scenario: 'tcp-1-offloads-off', metric: 'throughput' },
      { head: 'off, four', scenario: 'tcp-4-offloads-off', metric: 'throughput' },
      { head: 'off, 0.1 % loss', scenario: 'tcp-1-loss-0.1', metric: 'throughput' },
      { head: 'off, 1 % loss', scenario: 'tcp-1-loss-1', metric: 'throughput' },
    ],
  },
  {
    title: 'Small packets and round trips',
    pictures: ['performance-packets.svg', 'performance-round-trip.svg'],
    columns: [
      { head: 'packets/s', scenario: 'packets-64', metric: 'rate' },
      { head: 'lost, %', scenario: 'packets-64', metric: 'lost' },
      { head: 'idle, µs', scenario: 'idle', metric: 'round trip' },
      { head: 'p99', scenario: 'idle', metric: 'round trip, p99' },
      { head: 'loaded, µs', scenario: 'loaded', metric: 'round trip' },
      { head: 'p99', scenario: 'loaded', metric: 'round trip, p99' },
    ],
  },
  {
    title: 'Cost and set-up',
    pictures: ['performance-cpu.svg'],
    columns: [
      { head: 'daemons, one stream, s/GB', scenario: 'tcp-1', metric: 'cpu' },
      { head: 'four, s/GB', scenario: 'tcp-4', metric: 'cpu' },
      { head: 'whole machine, one stream, s/GB', scenario: 'tcp-1', metric: 'cpu of the machine' },
      { head: 'memory of a daemon, MB', scenario: 'memory', metric: 'resident' },
      { head: 'start to first ping, ms', scenario: 'set-up', metric: 'start to first ping' },
    ],
  },
];

const ONLINE = 'both online to first ping';

/** Scenarios that only Evio is in, by what they are about. */
const OWN: readonly { readonly head: string; readonly scenario: string }[] = [
  { head: 'direct, one LAN', scenario: 'set-up' },
  { head: 'direct, three datapaths in a row', scenario: 'relay-direct' },
  { head: 'over the member between', scenario: 'relay' },
  { head: 'direct, two sites', scenario: 'turn-direct' },
  { head: 'by the TURN server between', scenario: 'turn' },
];

/** The report as a part of docs/performance.md. */
export function reportMarkdown(report: Report, pictures: readonly Picture[]): string {
  const { machine, versions, configurations, rounds, seconds, tunnelMtu } = report;
  const products = Object.keys(versions);
  const parts = [
    `\`${report.command}\` on ${report.startedAt.slice(0, 10)}: ${machine.cpu}, ${machine.cores} cores, ` +
      `${machine.memoryGB} GB, Linux ${machine.kernel}, Node ${machine.node}; ${rounds} rounds in ` +
      `${Math.round(seconds / 60)} minutes. Figures are medians; every run is in ` +
      `[performance.json](performance.json).`,
    '#### Targets',
    markdownTable([
      ['against', 'what', 'wanted', 'measured', ''],
      ...report.ratios.map(({ against, what, wanted, value, met }) => [
        ...[against, what, wanted, value === null ? 'not measured' : figure(value)],
        met === null ? '' : met ? 'met' : '**missed**',
      ]),
    ]),
    '#### Who is measured',
    `Every tunnel's device has an MTU of ${tunnelMtu}.`,
    markdownTable([
      ['product', 'version', 'configuration'],
      ...products.map(name => [name, versions[name] ?? '', configurations[name] ?? '']),
    ]),
    ...SECTIONS.flatMap(section => sectionParts(section, report, pictures)),
    ...ownParts(report),
  ];
  if (report.failures.length > 0) {
    const lines = report.failures.map(
      f => `- ${f.name}, ${f.scenario}: ${f.message.split('\n')[0]}`,
    );
    parts.push(['Not measured:', '', ...lines].join('\n'));
  }
  return parts.join('\n\n');
}

function sectionParts(
  { title, columns, pictures: own }: Section,
  report: Report,
  pictures: readonly Picture[],
): string[] {
  const { names, rows } = matrix(report);
  const found = columns.filter(({ scenario, metric }) =>
    rows.some(row => row.scenario === scenario && row.metric === metric),
  );
  if (found.length === 0) return [];
  const cell = (name: string, { scenario, metric }: Column) => {
    const row = rows.find(each => each.scenario === scenario && each.metric === metric);
    const result = row?.results[names.indexOf(name)];
    return result === undefined ? '' : figure(result.median);
  };
  const lines = names.map(name => [name, ...found.map(column => cell(name, column))]);
  return [
    `#### ${title}`,
    markdownTable([['', ...found.map(({ head }) => head)], ...lines]),
    ...pictures
      .filter(({ file }) => own.includes(file))
      .map(({ file, title }) => `![${title}](${file})`),
  ];
}

function ownParts({ results }: Report): string[] {
  const cell = (scenario: string, metric: string) => {
    const found = results.find(r => r.scenario === scenario && r.metric === metric);
    return found === undefined ? '' : figure(found.median);
  };
  const parts: string[] = [];
  const rows = OWN.filter(({ scenario }) =>
    ['throughput', ONLINE].some(metric => cell(scenario, metric) !== ''),
  );
  if (rows.length > 0) {
    const lines = rows.map(({ head, scenario }) => [
      ...[head, cell(scenario, 'throughput'), cell(scenario, 'cpu'), cell(scenario, 'round trip')],
      cell(scenario, ONLINE),
    ]);
    parts.push(
      '#### Evio by other ways',
      markdownTable([
        ['', 'one stream, Mb/s', 'daemons, s/GB', 'idle, µs', 'both online to ping, ms'],
        ...lines,
      ]),
    );
  }
  const resident = cell('memory-100', 'resident');
  if (resident !== '') {
    parts.push(
      `An agent with ${cell('memory-100', 'sessions')} sessions has ${resident} MB of resident memory, ` +
        `${cell('memory-100', 'resident at the start')} MB at its start: ${cell('memory-100', 'per session')} kB ` +
        `a session. A scrape of such an agent takes ${cell('memory-100', 'scrape')} ms and has ` +
        `${cell('memory-100', 'scrape size')} kB.`,
    );
  }
  return parts;
}

/** The first column is text, the others are too unless all of a column are numbers. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...lines] = rows;
  const rule = head.map((_, column) =>
    column > 0 && lines.every(line => /^[\d.,–]*$/.test(line[column] ?? '')) ? '---:' : '---',
  );
  return [head, rule, ...lines].map(line => `| ${line.join(' | ')} |`).join('\n');
}
