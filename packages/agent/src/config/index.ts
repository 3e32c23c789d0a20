/**
 * The configuration file: YAML in, a checked and complete {@link AgentConfig} out, or a
 * {@link ConfigError} that names file, line, key and what is expected, for every mistake at once.
 *
 * The files that it names (passwords, certificates) are read here too, so that nothing about the
 * configuration can fail later.
 *
 * @example
 * const config = loadConfig('/etc/evio/evio.yaml');
 * config.overlays[0]?.interface.addresses; // ['10.10.0.1/16']
 */
export type {
  AgentConfig,
  CniConfig,
  DashboardConfig,
  IceConfig,
  IceServerConfig,
  InterfaceConfig,
  KubernetesConfig,
  ListenConfig,
  LogLevel,
  MetricsConfig,
  OverlayConfig,
  TimerConfig,
  TopologyConfig,
  XmppConfig,
} from './agent-config.ts';
export { ConfigError, type ConfigProblem, formatProblem } from './config-error.ts';
export { type Change, type ConfigDiff, diffConfig } from './diff-config.ts';
export { type Cidr, parseCidr } from './formats.ts';
export { loadConfig, parseConfig } from './load-config.ts';
export type { ConfigFileInput } from './schema.ts';
export { configSchema, configSchemaText, type SchemaNode } from './shape.ts';
export { takeOver } from './take-over.ts';
