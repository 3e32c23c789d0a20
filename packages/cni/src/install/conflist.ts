import type { CniVersion } from '../protocol/version.ts';

/** The newest that containerd 1.6 and podman 4 know. */
const DEFAULT_VERSION: CniVersion = '1.0.0';

/** What `evio cni install` may be told about the network configuration. */
export interface ConflistOptions {
  /** Of the network. */
  readonly network?: string;
  /** Unix socket of the agent. */
  readonly socket?: string;
  /** Where shims keep deletions while the agent is away; below the agent's `state_dir`. */
  readonly pendingDir?: string;
  /** Plugins of the CNI project that are to come after ours, of those that are known here. */
  readonly chain?: readonly ('portmap' | 'bandwidth' | 'tuning')[];
  readonly cniVersion?: string;
}

const CAPABILITIES = {
  portmap: { portMappings: true },
  bandwidth: { bandwidth: true },
  tuning: {},
} as const;

/**
 * The network configuration list for runtimes (CNI 1.1.0, section 1). containerd 1.6 and podman 4 know
 * 1.0.0; a newer runtime asks for STATUS and GC only with `cniVersion` 1.1.0.
 */
export function conflist(options: ConflistOptions = {}): object {
  const {
    network = 'evio',
    socket = '/run/evio/cni.sock',
    pendingDir = '/var/lib/evio/cni/pending',
    chain = ['portmap'],
    cniVersion = DEFAULT_VERSION,
  } = options;
  return {
    cniVersion,
    name: network,
    plugins: [
      {
        type: 'evio',
        socket,
        pendingDir,
        isDefaultGateway: true,
        ipMasq: true,
        hairpinMode: true,
        capabilities: {
          ips: true,
          mac: true,
          ipRanges: true,
          bandwidth: !chain.includes('bandwidth'),
        },
      },
      ...chain.map(type => ({ type, capabilities: CAPABILITIES[type] })),
    ],
  };
}

export function conflistText(options?: ConflistOptions): string {
  return `${JSON.stringify(conflist(options), undefined, 2)}\n`;
}
