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
    table([
      ['AGAINST', 'TARGET', 'WANTED', 'MEASURED', ''],
      ...ratios.map(({ against, what, wanted, value, met }) => [
        ...[against, what, wanted, value === null ? 'not measured' : figure(value)],
        met === null ? '' : met ? 'met' : 'MISSED',
      ]),
    ]),
  ];
  if (failures.length > 0) {
    parts.push(
      ['not measured:', ...failures.map(f => `  ${f.name}, ${f.scenario}: ${f.message}`)].join(
        '\n',
      ),
    );
  }
  return parts.join('\n\n');
}
