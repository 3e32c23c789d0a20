import type { Endpoint } from '@evio/types';

/**
 * The configuration as the agent uses it: every default filled in, every file it names read and
 * checked, names in camel case. {@link loadConfig} makes it; nobody else does.
 */

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface AgentConfig {
  /** The file it came from, as an absolute path. */
  readonly file: string;
  /** This node's name in tables and records; the host name when the file has none. */
  readonly name: string;
  /** Absolute path: identity, pinned keys. */
  readonly stateDir: string;
  /** Absolute path of the unix socket that the `evio` command talks to. */
  readonly controlSocket: string;
  readonly listen: ListenConfig;
  readonly log: { readonly level: LogLevel };
  readonly dashboard: DashboardConfig;
  readonly metrics: MetricsConfig;
  readonly timers: TimerConfig;
  readonly overlays: readonly OverlayConfig[];
  /** Only on hosts whose pods attach to an overlay. */
  readonly cni?: CniConfig;
}

/** The CNI plugin. */
export interface CniConfig {
  /** Name of the overlay that carries the pod network. */
  readonly overlay: string;
  /** Absolute path of the unix socket that the plugin talks to. */
  readonly socket: string;
  /** All of the pod network, one CIDR of each family at most. */
  readonly podCidr: readonly string[];
  /** Bits after the prefix that number the nodes. */
  readonly nodeBits: number;
  /** This node's part of it; when absent, it is claimed or Kubernetes gives it. */
  readonly nodeIndex?: number;
  readonly kubernetes?: KubernetesConfig;
}

/** Where this node's part is asked for; what is absent, the pod that the agent runs in knows. */
export interface KubernetesConfig {
  readonly node?: string;
  readonly server?: string;
  /** Absolute paths. */
  readonly tokenFile?: string;
  readonly ca?: string;
}

export interface ListenConfig {
  /** UDP port of the one socket per address family; 0: any free one. */
  readonly port: number;
}

export interface DashboardConfig {
  readonly enabled: boolean;
  /** Address of this host and TCP port of the HTTP server; port 0: any free one. */
  readonly listen: Endpoint;
  /** Latitude and longitude in degrees, by name of the node. */
  readonly map?: Readonly<Record<string, readonly [number, number]>>;
}

export interface MetricsConfig {
  readonly enabled: boolean;
  /** Where `GET /metrics` is answered. */
  readonly listen: Endpoint;
  /** Most peers of an overlay with series of their own. */
  readonly peerSeries: number;
}

/** Protocol timers in seconds. Changed only by tests: the defaults are the protocol's. */
export interface TimerConfig {
  /** A session older than this gets new keys. */
  readonly rekeySeconds: number;
  /** A session older than this no longer carries anything. */
  readonly rejectSeconds: number;
  /** A path idle for this long sends a keepalive. */
  readonly keepaliveSeconds: number;
}

export interface OverlayConfig {
  /** Name of the virtual Ethernet; equal on all its members. */
  readonly name: string;
  readonly xmpp: XmppConfig;
  readonly interface: InterfaceConfig;
  readonly ice: IceConfig;
  readonly topology: TopologyConfig;
  /** 32 bytes that all members share (the `psk` of Noise IKpsk2), when the file names some. */
  readonly secret?: Uint8Array;
}

export interface XmppConfig {
  /** Bare JID of the account. */
  readonly jid: string;
  /** SASL SCRAM password. At least one of `password` and `certificate` is there. */
  readonly password?: string;
  /** SASL EXTERNAL: client certificate and key, PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** `xmpps://host:port` (direct TLS) or `xmpp://host:port` (STARTTLS); absent: look it up by SRV. */
  readonly service?: string;
  /** PEM of the authorities trusted for this server instead of the system's. */
  readonly ca?: string;
  /** Roster group whose accounts are the overlay's members. */
  readonly group: string;
  /** Whether SASL PLAIN may be used (within TLS) when the server offers nothing better. */
  readonly allowPlain: boolean;
}

export interface InterfaceConfig {
  /** Name of the TAP device, at most 15 bytes. */
  readonly name: string;
  /** CIDRs of either family, as written: `10.10.0.1/16`, `fd00::1/64`. */
  readonly addresses: readonly string[];
  /** Bytes; the largest IP packet on the TAP. */
  readonly mtu: number;
  /** Bridge that the TAP is a port of; it then holds the addresses. */
  readonly bridge?: string;
}

export interface IceConfig {
  /** STUN and TURN servers from the file; empty: those that the XMPP server offers (XEP-0215). */
  readonly servers: readonly IceServerConfig[];
  /** Globs of host interfaces whose addresses are not offered as candidates. */
  readonly ignoreInterfaces: readonly string[];
  /** PEM of the authorities trusted for TURN over TLS; the overlay's `xmpp.ca` when not given. */
  readonly ca?: string;
}

/** A server named in the file; its host is still to be resolved. */
export interface IceServerConfig {
  readonly kind: 'stun' | 'turn';
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** Host name or IP address. */
  readonly host: string;
  readonly port: number;
  /** TURN only. */
  readonly username?: string;
  /** TURN only. */
  readonly credential?: string;
}

export interface TopologyConfig {
  /** Ring neighbours on each side. */
  readonly successors: number;
  /** Long-distance links; `auto`: by the size of the overlay. */
  readonly shortcuts: number | 'auto';
  /** Most links made because two nodes exchange much traffic. */
  readonly onDemand: number;
  /** Accounts or node ids that are linked to always. */
  readonly static: readonly string[];
  /** This node never carries others' traffic. */
  readonly leaf: boolean;
  /** This node asks for no links but the static ones. */
  readonly manual: boolean;
}
