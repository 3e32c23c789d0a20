import { Agent } from './agent.ts';
import type { AgentConfig } from './config/index.ts';
import { ControlServer, controlGroupId, controlRoutes } from './control/index.ts';
import { startDashboard } from './dashboard/index.ts';
import { serveMetrics } from './metrics/index.ts';
import type { Logger, ServiceNotifier } from './system/index.ts';

export interface RunAgentOptions {
  readonly config: AgentConfig;
  readonly logger: Logger;
  readonly notify: ServiceNotifier;
}

/** Runs the agent until it is told to stop (SIGTERM, SIGINT); resolves after a graceful stop. */
export async function runAgent(options: RunAgentOptions): Promise<void> {
  const { logger, notify } = options;
  const { controlSocket } = options.config;
  // Before anything is touched: a second agent on this host says so and leaves.
  await ControlServer.claim(controlSocket);
  const agent = await Agent.start(options);
  const dashboard = await startDashboard(options.config, agent, logger);
  const control = await ControlServer.listen({
    socket: controlSocket,
    group: controlGroupId(),
    routes: controlRoutes(agent, dashboard.url),
    onFault: error => logger.error({ err: error }, 'a control request failed'),
  }).catch(async (error: unknown) => {
    await dashboard.close();
    await agent.stop();
    throw error;
  });
  const metrics = await serveMetrics(options.config.metrics, () => agent.status(), logger);
  const stop = new Promise<Error | undefined>(resolve => {
    process.once('SIGTERM', () => resolve(undefined));
    process.once('SIGINT', () => resolve(undefined));
    agent.failed.then(resolve);
  });
  const hangUp = () => void agent.reload().catch(() => undefined); // reload logs why it failed
  process.on('SIGHUP', hangUp);
  notify.ready(`${options.config.overlays.length} overlays`);
  // A datapath that fails ends the agent by itself; what is left to watch is this event loop.
  notify.watch(() => true);
  const failure = await stop;
  logger.info('stopping');
  notify.stopping();
  process.off('SIGHUP', hangUp);
  await control.close();
  await metrics?.close();
  await dashboard.close();
  await agent.stop();
  notify.close();
  if (failure !== undefined) throw failure;
}
