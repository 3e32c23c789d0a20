import type { Failure, Result } from './report.ts';
import type { Measurement } from './scenario.ts';
import { median, rounded } from './statistics.ts';

/** Collects the numbers of all runs. */
export class Recorder {
  readonly failures: Failure[] = [];
  readonly #runs = new Map<
    string,
    { name: string; scenario: string; of: Measurement; runs: number[] }
  >();

  add(name: string, scenario: string, measurements: readonly Measurement[]): void {
    for (const of of measurements) {
      const key = JSON.stringify([name, scenario, of.metric]);
      const entry = this.#runs.get(key) ?? { name, scenario, of, runs: [] };
      entry.runs.push(rounded(of.value));
      this.#runs.set(key, entry);
    }
  }

  fail(name: string, scenario: string, error: unknown): Failure {
    const message = error instanceof Error ? error.message : String(error);
    const failure = { name, scenario, message };
    this.failures.push(failure);
    return failure;
  }

  get results(): Result[] {
    return [...this.#runs.values()].map(({ name, scenario, of: { metric, unit }, runs }) => ({
      name,
      scenario,
      metric,
      unit,
      median: rounded(median(runs)),
      runs,
    }));
  }
}
