import { EvioError } from '@evio/types';
import { CommanderError } from 'commander';
import type { Context } from './context.ts';
import { createOutput, type Streams } from './output.ts';
import { buildProgram } from './program.ts';

/** Errors that mean a wrong command line or a wrong file, not a failure. */
const USAGE_ERRORS: ReadonlySet<string> = new Set([
  'CONFIG_INVALID',
  'IMPORT_INVALID',
  'INVITATION_INVALID',
  'INVITATION_VERSION',
  'REQUEST_INVALID',
]);

/**
 * Runs one command line.
 *
 * @param args what follows `evio`.
 * @returns the exit code: 0 fine, 1 failed, 2 usage or configuration error.
 */
export async function run(args: readonly string[], streams: Streams): Promise<number> {
  const output = createOutput(streams);
  let exitCode = 0;
  const context: Context = {
    output,
    environment: streams.environment,
    fail: code => {
      exitCode = code;
    },
  };
  const asksForHub =
    args[0] === 'hub' || args[0] === 'completion' || (args[0] === 'help' && args[1] === 'hub');
  const hub = asksForHub ? await import('@evio/hub') : undefined;
  try {
    const program = buildProgram(context, hub?.registerHubCommands);
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // commander has told the user already, or has printed the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof EvioError)) throw error;
    output.warn(error.code === 'CONFIG_INVALID' ? error.message : `evio: ${error.message}`);
    return USAGE_ERRORS.has(error.code) ? 2 : 1;
  }
}
