import type { Context } from '../context.ts';
import { runSteps, stepsAsJson } from './steps.ts';

export interface LeaveFlags {
  readonly config: string;
  /** False by `--no-service`. */
  readonly service: boolean;
  readonly keepAccount?: boolean;
  readonly json?: boolean;
}

/** `evio leave`: takes this host out of an overlay. */
export async function leave(
  context: Context,
  overlay: string | undefined,
  flags: LeaveFlags,
): Promise<void> {
  const { leave } = await import('@evio/agent/join');
  const steps = leave({
    configFile: flags.config,
    overlay,
    noService: !flags.service,
    keepAccount: flags.keepAccount === true,
  });
  const result = await runSteps(context, steps, { ...flags, command: 'leave' });
  if (flags.json) context.output.json(stepsAsJson(result));
}
