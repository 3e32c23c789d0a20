import { EvioError } from '@evio/types';
import { command } from './command.ts';
import { ROOT } from './paths.ts';

/**
 * The one time that is written into everything that is made: SOURCE_DATE_EPOCH
 * (reproducible-builds.org) if it is set, else when the last commit was made. Seconds since 1970.
 *
 * @throws EvioError `RELEASE_FAILED` when it is neither set nor to be had from git.
 */
export function sourceDateEpoch(environment: NodeJS.ProcessEnv = process.env): number {
  const text =
    environment['SOURCE_DATE_EPOCH'] ??
    command(['git', 'log', '-1', '--format=%ct'], { cwd: ROOT });
  const seconds = Number(text);
  if (Number.isSafeInteger(seconds) && seconds > 0) return seconds;
  throw new EvioError(
    'RELEASE_FAILED',
    `expected SOURCE_DATE_EPOCH to be seconds since 1970, got "${text.trim()}"`,
  );
}
