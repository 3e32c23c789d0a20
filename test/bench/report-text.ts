import { table } from '../demo/table.ts';
import { figure, matrix } from './matrix.ts';
import type { Report } from './report.ts';

/** The report for a terminal: medians, and what was aimed at. */
export function reportText(report: Report): string {
  const { machine, versions, ratios, failures, rounds, seconds } = report;
  const { names, rows } = matrix(report);
  const scenarios = [...new Set(rows.map(({ scenario }) => scenario))];
  const parts = [
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}`,
    `medians; ${rounds} rounds in ${figure(seconds)} s; every tunnel's MTU is ${report.tunnelMtu}`,
    names.map(name => `${name} ${versions[name]}`).join(', '),
    table([
      ['SCENARIO', 'METRIC', 'UNIT', ...names],
      ...scenarios.flatMap(scenario =>
        rows
          .filter(row => row.scenario === scenario)
          .map(({ metric, unit, results }, index) => [
            ...[index === 0 ? scenario : '', metric, unit],
            ...results.map(result => (result === undefined ? '' : figure(result.median))),
          ]),
      ),
    ]),
  ];
  const known = ratios.filter(({ value }) => value !== null);
  if (known.length > 0) {
    parts.push(
      table([
        ['AGAINST', 'TARGET', 'WANTED', 'MEASURED', ''],
        ...known.map(({ against, what, wanted, value, met }) => [
          ...[against, what, wanted, figure(value ?? Number.NaN), met ? 'met' : 'MISSED'],
        ]),
      ]),
    );
  }
  const unknown = ratios.length - known.length;
  if (unknown > 0) parts.push(`${unknown} of ${ratios.length} targets were not measured`);
  if (failures.length > 0) {
    parts.push(
      ['not measured:', ...failures.map(f => `  ${f.name}, ${f.scenario}: ${f.message}`)].join(
        '\n',
      ),
    );
  }
  return parts.join('\n\n');
}
