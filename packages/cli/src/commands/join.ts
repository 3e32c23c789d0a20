import { parseInvitation } from '@evio/types';
import type { Context } from '../context.ts';
import { runSteps, stepsAsJson } from './steps.ts';

export interface JoinFlags {
  readonly config: string;
  readonly force?: boolean;
  /** False by `--no-service`. */
  readonly service: boolean;
  /** Seconds. */
  readonly wait: number;
  readonly json?: boolean;
}

/** `evio join`: makes this host a member of an overlay, from an invitation's line. */
export async function join(context: Context, line: string, flags: JoinFlags): Promise<void> {
  const { output } = context;
  const invitation = parseInvitation(line);
  const { join } = await import('@evio/agent/join');
  const steps = join({
    invitation,
    configFile: flags.config,
    force: flags.force === true,
    noService: !flags.service,
    patienceMs: flags.wait * 1000,
  });
  const result = await runSteps(context, steps, { ...flags, command: 'join' });
  if (flags.json) return output.json(stepsAsJson(result));
  if (result.failure !== undefined) {
    output.warn('Then run the same command again: it goes on where it stopped.');
  } else if (result.steps.every(({ state }) => state === 'done')) {
    const names = invitation.overlays.map(({ name }) => name).join(', ');
    output.print(`This host is a member of ${names}. See: evio peers`);
  }
}
