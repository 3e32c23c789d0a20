/**
 * What Prometheus reads of an agent, off unless the configuration has `metrics.enabled`.
 *
 * In: the agent's status, asked for at each scrape. Out: `GET /metrics` in the text format.
 * `config/monitoring/` has a Grafana dashboard and alert rules for it.
 *
 * @example
 * const metrics = await serveMetrics(config.metrics, () => agent.status(), logger);
 * await metrics?.close();
 */
export type { MetricsServer } from './metrics-server.ts';
export { serveMetrics } from './serve-metrics.ts';
