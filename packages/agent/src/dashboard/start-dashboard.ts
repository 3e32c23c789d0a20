import { EvioError } from '@evio/types';
import type { AgentConfig } from '../config/index.ts';
import type { AgentControl } from '../control/index.ts';
import type { Logger } from '../system/index.ts';
import { AccessToken } from './access-token.ts';
import { DashboardServer } from './dashboard-server.ts';
import { loadPageFiles } from './page-files.ts';

/** The dashboard of a running agent, if it has one. */
export interface Dashboard {
  /** The URL with the token. @throws EvioError why there is no dashboard, such as `DASHBOARD_OFF`. */
  readonly url: () => string;
  close(): Promise<void>;
}

/** An overlay goes on without its dashboard: why there is none is logged and told by `url`. */
export async function startDashboard(
  config: AgentConfig,
  control: AgentControl,
  logger: Logger,
): Promise<Dashboard> {
  const server = await listen(config, control, logger).catch((error: unknown) => {
    logger.error({ err: error }, 'there is no dashboard');
    return error instanceof EvioError ? error : new EvioError('DASHBOARD_OFF', String(error));
  });
  return {
    url: () => {
      if (server instanceof DashboardServer) return server.url;
      throw server ?? off();
    },
    close: async () => {
      if (server instanceof DashboardServer) await server.close();
    },
  };
}

async function listen(
  { dashboard, stateDir }: AgentConfig,
  control: AgentControl,
  logger: Logger,
): Promise<DashboardServer | undefined> {
  if (!dashboard.enabled) return undefined;
  const server = await DashboardServer.listen({
    control,
    listen: dashboard.listen,
    coordinates: dashboard.map,
    token: AccessToken.loadOrCreate(stateDir),
    files: loadPageFiles(),
    onFault: error => logger.error({ err: error }, 'a dashboard request failed'),
  });
  logger.info(dashboard.listen, 'the dashboard listens');
  return server;
}

function off(): EvioError {
  const mend = 'take "dashboard: { enabled: false }" out of the configuration and restart';
  return new EvioError('DASHBOARD_OFF', `the dashboard is off; ${mend}`);
}
