import { EvioError } from '@evio/types';
import type { MetricsConfig } from '../config/index.ts';
import type { AgentStatus } from '../control/index.ts';
import type { Logger } from '../system/index.ts';
import type { MetricsServer } from './metrics-server.ts';

/**
 * Serves the metrics if they are wanted; only then is prom-client loaded. A port that is taken is
 * logged and no more: the overlay is worth more than its metrics.
 */
export async function serveMetrics(
  { enabled, listen, peerSeries }: MetricsConfig,
  status: () => AgentStatus,
  logger: Logger,
): Promise<MetricsServer | undefined> {
  if (!enabled) return undefined;
  const { agentMetrics } = await import('./agent-metrics.ts');
  const { MetricsServer } = await import('./metrics-server.ts');
  const registry = agentMetrics({ status, peerSeries });
  const onFault = (error: unknown) => logger.error({ err: error }, 'the metrics failed');
  try {
    const server = await MetricsServer.listen({ listen, registry, onFault });
    logger.info({ address: listen.address, port: server.port }, 'metrics are served');
    return server;
  } catch (error) {
    if (!(error instanceof EvioError)) throw error;
    logger.error({ code: error.code }, error.message);
    return undefined;
  }
}
