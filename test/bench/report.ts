import { cpus, release, totalmem } from 'node:os';
import { type Target, targets } from './targets.ts';

/** All runs of one number. */
export interface Result {
  /** Of the product. */
  readonly name: string;
  readonly scenario: string;
  readonly metric: string;
  readonly unit: string;
  readonly median: number;
  /** In the order in which they were measured. */
  readonly runs: readonly number[];
}

/** Something that could not be measured. */
export interface Failure {
  readonly name: string;
  readonly scenario: string;
  readonly message: string;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly kernel: string;
  readonly node: string;
}

/** What `--json` prints. Others' scripts read it: fields are added here, never changed or removed. */
export interface Report {
  readonly machine: Machine;
  /** When it began, ISO 8601, and how long it took. */
  readonly startedAt: string;
  readonly seconds: number;
  /** As the run was asked for: `npm run bench -- --quick`. */
  readonly command: string;
  readonly rounds: number;
  /** Of every tunnel's device, in bytes. */
  readonly tunnelMtu: number;
  /** By product. */
  readonly versions: Readonly<Record<string, string>>;
  readonly configurations: Readonly<Record<string, string>>;
  readonly results: readonly Result[];
  /** Of one TCP stream; null when one of the two was not measured. */
  readonly ratioToWireguardGo: number | null;
  readonly ratios: readonly Target[];
  readonly failures: readonly Failure[];
}

/** Adds to what was measured what follows from it. */
export function completed(measured: Omit<Report, 'ratioToWireguardGo' | 'ratios'>): Report {
  const { failures, ...rest } = measured;
  const ratios = targets(measured.results);
  const ratioToWireguardGo = ratios[0]?.value ?? null;
  return { ...rest, ratioToWireguardGo, ratios, failures };
}

export function thisMachine(): Machine {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
  };
}
