import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { EvioError } from '@evio/types';
import type { AgentConfig } from '../config/index.ts';
import type { AgentControl } from '../control/index.ts';
import type { Logger } from '../system/index.ts';
import { DashboardServer } from './dashboard-server.ts';
import { loadPageFiles, type PageFiles } from './page-files.ts';

/** The dashboard of a running agent, if it has one. */
export interface Dashboard {
  /** The URL with the token. @throws EvioError why there is no dashboard, such as `DASHBOARD_OFF`. */
  readonly url: () => string;
  close(): Promise<void>;
}

/**
 * An overlay goes on without its dashboard: why there is none is logged and told by `url`.
 *
 * @param loadPage reads the files of the page.
 */
export async function startDashboard(
  config: AgentConfig,
  control: AgentControl,
  logger: Logger,
  loadPage: () => PageFiles = loadPageFiles,
): Promise<Dashboard> {
  const server = await listen(config, control, logger, loadPage).catch((error: unknown) => {
    logger.error({ err: error }, 'there is no dashboard');
    return error instanceof EvioError ? error : failed(error);
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
  loadPage: () => PageFiles,
): Promise<DashboardServer | undefined> {
  // Agents before this one kept their token there.
  rmSync(join(stateDir, 'dashboard.token'), { force: true });
  if (!dashboard.enabled) return undefined;
  const server = await DashboardServer.listen({
    control,
    listen: dashboard.listen,
    coordinates: dashboard.map,
    files: loadPage(),
    onFault: error => logger.error({ err: error }, 'a dashboard request failed'),
  });
  logger.info(dashboard.listen, 'the dashboard listens');
  return server;
}

function off(): EvioError {
  const mend = 'take "dashboard: { enabled: false }" out of the configuration and restart';
  return new EvioError('DASHBOARD_OFF', `the dashboard is off; ${mend}`);
}

function failed(error: unknown): EvioError {
  const what = error instanceof Error ? error.message : String(error);
  return new EvioError('DASHBOARD_FAILED', `the dashboard did not start: ${what}`, {
    cause: error,
  });
}
