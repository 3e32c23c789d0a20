/**
 * What the agent knows, for a browser: a page, and JSON over HTTP for it, on loopback unless the
 * configuration says otherwise.
 *
 * In: an {@link AgentControl}, and the page that `packages/dashboard` builds. Out: `GET
 * /api/snapshot`, `GET /api/events` (server-sent events with whole snapshots), `POST /api/examine`
 * and `POST /api/trace`, to requests of its own page that show the token of this start in
 * `Authorization`. Anybody else on this host gets the page without anything in it; pages from elsewhere
 * get nothing.
 *
 * @example
 * const dashboard = await startDashboard(config, agent, logger);
 * const routes = controlRoutes(agent, dashboard.url);
 */
export { DashboardServer } from './dashboard-server.ts';
export { loadPageFiles } from './page-files.ts';
export type { Snapshot } from './snapshot.ts';
export { type Dashboard, startDashboard } from './start-dashboard.ts';
