/**
 * The daemon. It composes the packages that decide and the datapath into overlays, and answers the
 * `evio` command.
 *
 * Each room has its own entry, so that a command loads no more than it needs (`evio status` neither
 * the addon nor the XMPP client): `@evio/agent/config`, `/control`, `/system`, `/doctor` and
 * `/agent`, which runs it all.
 *
 * @example
 * const { runAgent } = await import('@evio/agent/agent');
 * await runAgent({ config, logger, notify }); // until SIGTERM
 */

export type { AgentConfig } from './config/index.ts';
export type { AgentControl, AgentStatus } from './control/index.ts';
export type { RunAgentOptions } from './run-agent.ts';
