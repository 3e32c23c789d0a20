import { EvioError } from '@evio/types';
import { type AgentConfig, ConfigError, loadConfig, type OverlayConfig } from '../config/index.ts';
import { ControlClient } from '../control/control-client.ts';
import { createLogger, localAddresses } from '../system/index.ts';
import { type NamedServer, resolveServers } from '../underlay/resolve-servers.ts';
import {
  checkCapabilities,
  checkClock,
  checkOffloads,
  checkTun,
  type HostProbes,
  hostProbes,
} from './check-host.ts';
import type { CheckResult } from './check-result.ts';
import { checkRoutes } from './check-route.ts';

export interface ExamineOptions {
  readonly configFile: string;
  readonly probes?: HostProbes;
}

/** Overlay MTU when there is no configuration to say: the default of `interface.mtu`. */
const DEFAULT_MTU = 1400;

/**
 * Examines this host and its way to the servers, cheapest first; yields each result when it is
 * known. Without a usable configuration it ends after the host.
 */
export async function* examine(options: ExamineOptions): AsyncGenerator<CheckResult> {
  const probes = options.probes ?? hostProbes();
  yield checkTun(probes);
  yield checkCapabilities(probes);
  yield checkOffloads(probes);
  yield await checkClock(probes);
  const { result, config } = checkConfig(options.configFile);
  yield result;
  const mtus = config?.overlays.map(overlay => overlay.interface.mtu) ?? [DEFAULT_MTU];
  yield* await checkRoutes(probes.run, Math.max(...mtus));
  if (!config) return;
  yield await checkAgent(config.controlSocket);
  for (const overlay of config.overlays) yield* checkOverlay(overlay, config);
}

function checkConfig(file: string): { result: CheckResult; config?: AgentConfig } {
  const check = { id: 'config', title: 'Configuration' };
  try {
    const config = loadConfig(file);
    return { result: { ...check, state: 'fine', finding: `${file} is fine` }, config };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const mend = `evio check --config ${file} tells where`;
    const finding = error.problems.map(({ message }) => message).join('; ');
    return { result: { ...check, state: 'broken', finding, mend } };
  }
}

async function checkAgent(socket: string): Promise<CheckResult> {
  const check = { id: 'agent', title: 'Agent' };
  try {
    const { version, overlays } = await new ControlClient(socket).status();
    const offline = overlays.filter(({ signaling }) => signaling.state !== 'online');
    if (offline.length === 0) return { ...check, state: 'fine', finding: `${version} is running` };
    const finding = offline.map(({ name, signaling }) => `${name} is ${signaling.state}`);
    return {
      ...check,
      state: 'uneasy',
      finding: `is running, but ${finding.join(', ')}`,
      mend: 'evio status says why; the checks below examine the way to the server',
    };
  } catch (error) {
    if (!(error instanceof EvioError)) throw error;
    return { ...check, state: 'unknown', finding: error.message };
  }
}

async function* checkOverlay(
  overlay: OverlayConfig,
  config: AgentConfig,
): AsyncGenerator<CheckResult> {
  // The XMPP client and traversal are loaded only now, when they are needed.
  const { checkSignaling } = await import('./check-signaling.ts');
  const { askServers, describeNat } = await import('./check-servers.ts');
  const logger = createLogger({ level: 'fatal' });
  const signaling = await checkSignaling(overlay, logger);
  yield signaling.result;
  const named: readonly NamedServer[] =
    overlay.ice.servers.length > 0 ? overlay.ice.servers : signaling.servers;
  if (named.length === 0) {
    yield {
      id: `stun ${overlay.name}`,
      title: `STUN and TURN (${overlay.name})`,
      state: 'uneasy',
      finding: 'no server is known: hosts behind NATs cannot link',
      mend: 'let the XMPP server offer some (XEP-0215), or name them in ice.stun and ice.turn',
    };
    return;
  }
  const { servers, errors } = await resolveServers(named, performance.now());
  for (const error of errors) {
    yield {
      id: `stun ${overlay.name}`,
      title: `STUN and TURN (${overlay.name})`,
      state: 'broken',
      finding: error.message,
      mend: "correct the server's name in ice.stun or ice.turn, or the resolver of this host",
    };
  }
  const addresses = localAddresses({
    ignore: overlay.ice.ignoreInterfaces,
    own: config.overlays.map(each => each.interface.name),
    ownAddresses: config.overlays.flatMap(each => each.interface.addresses),
  });
  for (const { address, family } of addresses) {
    const reachable = servers.filter(
      ({ endpoint }) => endpoint.address.includes(':') === (family === 6),
    );
    if (reachable.length === 0) continue;
    const answers = await askServers(address, reachable);
    yield describeNat(overlay.name, address, reachable, answers.mappings);
  }
}
