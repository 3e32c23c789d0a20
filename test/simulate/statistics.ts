export interface Spread {
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** The value that `part` (0…1) of all do not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? 0;
}

export function spread(values: readonly number[]): Spread {
  return {
    mean: mean(values),
    p99: quantile(values, 0.99),
    max: values.reduce((a, b) => Math.max(a, b), 0),
  };
}
