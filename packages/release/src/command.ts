import { spawnSync } from 'node:child_process';
import { EvioError } from '@evio/types';

/** How {@link command} treats a program. */
export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end.
 *
 * @returns what it wrote to standard output.
 * @throws EvioError `RELEASE_FAILED` with its own words when it is missing or does not exit with 0.
 */
export function command(argv: readonly string[], { cwd, env }: CommandOptions = {}): string {
  const [program = '', ...args] = argv;
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (status === 0) return stdout;
  const said = error?.message ?? (stderr.trim() || stdout.trim()).slice(-2000);
  throw new EvioError(
    'RELEASE_FAILED',
    `expected "${argv.join(' ')}" to succeed; it said: ${said}`,
  );
}
