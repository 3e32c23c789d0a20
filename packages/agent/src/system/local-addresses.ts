import { networkInterfaces } from 'node:os';

/** An address of this host that a peer may be told to try (a base for ICE, RFC 8445 §5.1.1.1). */
export interface LocalAddress {
  readonly interface: string;
  readonly address: string;
  readonly family: 4 | 6;
}

export interface LocalAddressOptions {
  /** Globs from `ice.ignore_interfaces`; `*` any text, `?` one character. */
  readonly ignore: readonly string[];
  /** TAPs of all overlays: a path through an overlay would carry itself. */
  readonly own: readonly string[];
  /** CIDRs of all overlays, which stand on a bridge when there is one. */
  readonly ownAddresses: readonly string[];
  /** The host's when absent. */
  readonly interfaces?: ReturnType<typeof networkInterfaces>;
}

/**
 * Devices of container engines and pod networks. Their addresses mean something on this host only,
 * and those of a pod network may lead back through the overlay itself.
 */
export const CONTAINER_INTERFACES: readonly string[] = [
  'docker*',
  'podman*',
  'cni*',
  'flannel*',
  'cilium_*',
  'kube-*',
  'tunl*',
  'vxlan.calico',
  'virbr*',
];

/** Whether a name fits a glob of `*` and `?`. */
export function matchesGlob(name: string, glob: string): boolean {
  const pattern = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`).test(name);
}

/** Link-local and loopback addresses mean nothing to a peer elsewhere (RFC 8445 §5.1.1.1). */
function isLocalOnly(address: string): boolean {
  return /^(127\.|169\.254\.|::1$|fe[89ab][0-9a-f]:|::ffff:)/i.test(address);
}

/** The host's addresses that are offered as host candidates, in the order of the host. */
export function localAddresses(options: LocalAddressOptions): LocalAddress[] {
  const ignored = [...CONTAINER_INTERFACES, ...options.ignore];
  const ownAddresses = new Set(options.ownAddresses.map(cidr => cidr.split('/')[0]));
  const seen = new Set<string>();
  return Object.entries(options.interfaces ?? networkInterfaces()).flatMap(([name, addresses]) => {
    if (options.own.includes(name) || ignored.some(glob => matchesGlob(name, glob))) return [];
    return (addresses ?? []).flatMap(({ address, family, internal }) => {
      if (internal || isLocalOnly(address) || ownAddresses.has(address)) return [];
      if (seen.has(address)) return [];
      seen.add(address);
      return [{ interface: name, address, family: family === 'IPv6' ? 6 : 4 } as const];
    });
  });
}
