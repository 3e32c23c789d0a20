import type { Report, Result } from './report.ts';

/** One line of a table with a column for each product. */
export interface MatrixRow {
  readonly scenario: string;
  readonly metric: string;
  readonly unit: string;
  /** In the order of the columns. */
  readonly results: readonly (Result | undefined)[];
}

/** The results as rows of scenarios and columns of products, both in the order of measurement. */
export function matrix({ results, versions }: Pick<Report, 'results' | 'versions'>): {
  readonly names: readonly string[];
  readonly rows: readonly MatrixRow[];
} {
  const measured = new Set(results.map(({ name }) => name));
  const names = Object.keys(versions).filter(name => measured.has(name));
  const rows = new Map<string, Result[]>();
  for (const result of results) {
    const key = JSON.stringify([result.scenario, result.metric, result.unit]);
    rows.set(key, [...(rows.get(key) ?? []), result]);
  }
  return {
    names,
    rows: [...rows.values()].flatMap(row => {
      const [first] = row;
      if (first === undefined) return [];
      const { scenario, metric, unit } = first;
      const columns = names.map(name => row.find(result => result.name === name));
      return [{ scenario, metric, unit, results: columns }];
    }),
  };
}

/** A number as people read it: three digits that count, thousands apart from 10,000 on. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100)
    return Math.round(value).toLocaleString('en-US', { useGrouping: size >= 10_000 });
  if (size === 0) return '0';
  return value.toFixed(size >= 10 ? 1 : 2);
}
