import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { formatIpPrefix, parseIpPrefix } from '@evio/session';
import { EvioError, parseEndpoint } from '@evio/types';
import type {
  AgentConfig,
  CniConfig,
  IceServerConfig,
  OverlayConfig,
  XmppConfig,
} from './agent-config.ts';
import { checkReferences } from './check-references.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { defaultInterfaceName, parseServerUrl } from './formats.ts';
import {
  readCertificates,
  readPassword,
  readPrivateKey,
  readSharedSecret,
} from './referenced-files.ts';
import type { ConfigFile } from './schema.ts';
import { checkShape } from './shape.ts';
import { YamlSource } from './yaml-source.ts';

type OverlayFile = ConfigFile['overlays'][number];

/** Ports without one in the URL: RFC 7064 §3.2, RFC 7065 §3.2. */
const STUN_PORT = 3478;
const TURNS_PORT = 5349;
/** The bridge of the overlay with pods, unless the file names another. */
const POD_BRIDGE = 'evio-pods';

/**
 * Reads and checks a configuration, with all the files that it names. Relative paths in it count
 * from the directory it is in.
 *
 * @throws ConfigError with every problem at once.
 */
export function loadConfig(file: string): AgentConfig {
  const absolute = resolve(file);
  let text: string;
  try {
    text = readFileSync(absolute, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const message = code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`;
    throw new ConfigError([{ file: absolute, key: '', message }]);
  }
  return parseConfig(absolute, text);
}

/** As {@link loadConfig}, for a text that would stand in `file`. */
export function parseConfig(file: string, text: string): AgentConfig {
  const source = new YamlSource(file, text);
  if (source.problems.length > 0) throw new ConfigError(source.problems);
  const shape = checkShape(source);
  const problems = [...shape.problems, ...checkReferences(source, dirname(file))];
  if (!shape.file || problems.length > 0) {
    throw new ConfigError(problems.sort(inFileOrder));
  }
  try {
    return toAgentConfig(file, shape.file);
  } catch (error) {
    // A file changed between the check and the reading.
    if (!(error instanceof EvioError)) throw error;
    throw new ConfigError([{ file, key: '', message: error.message }]);
  }
}

function toAgentConfig(file: string, written: ConfigFile): AgentConfig {
  const at = (path: string) => resolve(dirname(file), path);
  return {
    file,
    name: written.name ?? hostname().split('.')[0] ?? 'node',
    stateDir: at(written.state_dir),
    controlSocket: at(written.control_socket),
    listen: { port: written.listen.port },
    log: { level: written.log.level },
    dashboard: {
      enabled: written.dashboard.enabled,
      listen: parseEndpoint(written.dashboard.listen),
      ...(written.dashboard.map !== undefined && { map: written.dashboard.map }),
    },
    metrics: {
      enabled: written.metrics.enabled,
      listen: parseEndpoint(written.metrics.listen),
      peerSeries: written.metrics.peer_series,
    },
    timers: {
      rekeySeconds: written.timers.rekey_seconds,
      rejectSeconds: written.timers.reject_seconds,
      keepaliveSeconds: written.timers.keepalive_seconds,
    },
    overlays: written.overlays.map((overlay, index) =>
      toOverlay(overlay, index, at, overlay.name === written.cni?.overlay ? POD_BRIDGE : undefined),
    ),
    ...(written.cni !== undefined && { cni: toCni(written.cni, at) }),
  };
}

function toCni(written: NonNullable<ConfigFile['cni']>, at: Resolve): CniConfig {
  const { node_index: nodeIndex, kubernetes } = written;
  return {
    overlay: written.overlay,
    socket: at(written.socket),
    podCidr: written.pod_cidr,
    nodeBits: written.node_bits,
    ...(nodeIndex !== undefined && { nodeIndex }),
    ...(kubernetes !== undefined && {
      kubernetes: {
        ...(kubernetes.node !== undefined && { node: kubernetes.node }),
        ...(kubernetes.server !== undefined && { server: kubernetes.server }),
        ...(kubernetes.token_file !== undefined && { tokenFile: at(kubernetes.token_file) }),
        ...(kubernetes.ca !== undefined && { ca: at(kubernetes.ca) }),
      },
    }),
  };
}

function inFileOrder(a: ConfigProblem, b: ConfigProblem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

type Resolve = (path: string) => string;

function toOverlay(
  written: OverlayFile,
  index: number,
  at: Resolve,
  defaultBridge: string | undefined,
): OverlayConfig {
  const { interface: device, ice, topology } = written;
  const xmpp = toXmpp(written, at);
  const bridge = device.bridge ?? defaultBridge;
  const ca = ice.ca === undefined ? xmpp.ca : readCertificates(at(ice.ca));
  return {
    name: written.name,
    xmpp,
    interface: {
      name: device.name ?? defaultInterfaceName(index),
      // As node records write them, so that both can be compared.
      addresses: device.address.map(text => formatIpPrefix(parseIpPrefix(text))),
      mtu: device.mtu,
      ...(bridge !== undefined && { bridge }),
    },
    ice: {
      servers: [...ice.stun.map(toStunServer), ...ice.turn.map(turn => toTurnServer(turn, at))],
      ignoreInterfaces: ice.ignore_interfaces,
      ...(ca !== undefined && { ca }),
    },
    topology: {
      successors: topology.successors,
      shortcuts: topology.shortcuts,
      onDemand: topology.on_demand,
      static: topology.static,
      leaf: topology.role === 'leaf',
      manual: topology.manual,
    },
    ...(written.secret_file !== undefined && { secret: readSharedSecret(at(written.secret_file)) }),
  };
}

function toXmpp({ name, xmpp }: OverlayFile, at: Resolve): XmppConfig {
  const { password_file, certificate_file, key_file, service, ca } = xmpp;
  const cert = certificate_file === undefined ? undefined : readCertificates(at(certificate_file));
  return {
    // As servers write accounts (RFC 7622 §3.3), and so as peers compare them.
    jid: xmpp.jid.toLowerCase(),
    ...(password_file !== undefined && { password: readPassword(at(password_file)) }),
    ...(cert !== undefined &&
      key_file !== undefined && { certificate: { cert, key: readPrivateKey(at(key_file), cert) } }),
    ...(service !== undefined && { service }),
    ...(ca !== undefined && { ca: readCertificates(at(ca)) }),
    group: xmpp.group ?? name,
    allowPlain: xmpp.allow_plain,
  };
}

function toStunServer(url: string): IceServerConfig {
  const parsed = parseServerUrl(url);
  return {
    kind: 'stun',
    transport: 'udp',
    host: parsed?.host ?? url,
    port: parsed?.port ?? STUN_PORT,
  };
}

function toTurnServer(turn: OverlayFile['ice']['turn'][number], at: Resolve): IceServerConfig {
  const parsed = parseServerUrl(turn.url);
  const tls = parsed?.scheme === 'turns';
  return {
    kind: 'turn',
    transport: tls ? 'tls' : (parsed?.transport ?? 'udp'),
    host: parsed?.host ?? turn.url,
    port: parsed?.port ?? (tls ? TURNS_PORT : STUN_PORT),
    username: turn.username,
    credential: readPassword(at(turn.password_file)),
  };
}
