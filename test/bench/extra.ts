import type { Measurement, Pace } from './scenario.ts';

/** What a measurement with a lab of its own gets. */
export interface ExtraContext {
  readonly rounds: number;
  readonly pace: Pace;
  /** Sees to it that this is disposed of, however the run ends. */
  own<T extends AsyncDisposable>(lab: T): T;
  record(scenario: string, measurements: readonly Measurement[]): void;
  say(line: string): void;
}

/** A measurement of Evio alone, in a lab of its own: one file in extras/ each. */
export interface Extra {
  readonly name: string;
  measure(context: ExtraContext): Promise<void>;
}
