import type { ControlClient } from '@evio/agent/control';
import type { Command } from 'commander';

/** The options of every command that asks a running agent. */
export interface AgentOptions {
  readonly socket: string;
  readonly json?: boolean;
}

/** The options of a command that can go on showing. */
export interface WatchOptions extends AgentOptions {
  /** Seconds between two looks; absent: one look. */
  readonly watch?: number;
}

/** Adds `--socket` and `--json`. */
export function withAgentOptions(command: Command, socket: string): Command {
  return command
    .option('--socket <file>', "the agent's control socket", socket)
    .option('--json', 'print JSON');
}

/** A client for the agent that the options name. */
export async function clientOf({ socket }: AgentOptions): Promise<ControlClient> {
  const { ControlClient } = await import('@evio/agent/control-client');
  return new ControlClient(socket);
}
