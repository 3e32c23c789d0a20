import { EvioError } from '@evio/types';
import type { AgentConfig } from './config/index.ts';
import type { Logger, ServiceNotifier } from './system/index.ts';

export interface RunAgentOptions {
  readonly config: AgentConfig;
  readonly configFile: string;
  readonly logger: Logger;
  readonly notify: ServiceNotifier;
}

/** Runs the agent until it is told to stop; resolves after a graceful stop. */
export async function runAgent(_options: RunAgentOptions): Promise<void> {
  throw new EvioError('NOT_BUILT', 'the agent is not composed yet');
}
