import type { Output } from './output.ts';

/** What every command gets besides its own arguments. */
export interface Context {
  readonly output: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the process with this code when the command is done; 0 unless somebody says otherwise. */
  fail(exitCode: 1 | 2): void;
}

/** Where the agent's configuration is when no one says otherwise. */
export const DEFAULT_CONFIG_FILE = '/etc/evio/evio.yaml';
