import { isIP, SocketAddress } from 'node:net';
import { EvioError } from '@evio/types';

/** How an overlay's device should be. */
export interface WantedInterface {
  /** The TAP; it must exist. */
  readonly name: string;
  /** CIDRs of either family. */
  readonly addresses: readonly string[];
  /** Bytes. */
  readonly mtu: number;
  /** Bridge that the TAP is a port of and that holds the addresses. */
  readonly bridge?: string;
}

/** A device as the kernel has it. */
export interface CurrentLink {
  readonly name: string;
  readonly mtu: number;
  readonly up: boolean;
  /** Bridge that it is a port of. */
  readonly master?: string;
  readonly isBridge: boolean;
  /** CIDRs, those of link scope (`fe80::/10`, the kernel's own) left out. */
  readonly addresses: readonly string[];
}

/** One way of writing for equal CIDRs. */
function canonical(cidr: string): string {
  const [address = '', prefix = ''] = cidr.split('/');
  if (isIP(address) !== 6) return cidr;
  return `${new SocketAddress({ address, family: 'ipv6' }).address}/${prefix}`;
}

function has(cidrs: readonly string[], cidr: string): boolean {
  return cidrs.some(each => canonical(each) === canonical(cidr));
}

/**
 * The lines for `ip -batch` that bring a device from how it is to how it should be; none when it is
 * so already.
 *
 * All addresses of the TAP are ours. Those of a bridge are not: only what `former` (the
 * configuration before) put there is taken away. A TAP that somebody else made a port of a bridge
 * stays there.
 *
 * @throws EvioError `INTERFACE_MISSING`, or `INTERFACE_NOT_BRIDGE` when the bridge is something else.
 */
export function planInterface(
  wanted: WantedInterface,
  links: readonly CurrentLink[],
  former?: WantedInterface,
): string[] {
  const find = (name: string) => links.find(link => link.name === name);
  const tap = find(wanted.name);
  if (!tap) throw new EvioError('INTERFACE_MISSING', `there is no device ${wanted.name}`);
  const lines: string[] = [];
  const bridge = wanted.bridge === undefined ? undefined : find(wanted.bridge);
  if (wanted.bridge !== undefined) {
    if (bridge && !bridge.isBridge) {
      throw new EvioError('INTERFACE_NOT_BRIDGE', `${wanted.bridge} is there and is no bridge`);
    }
    if (!bridge) lines.push(`link add name ${wanted.bridge} type bridge`);
  }
  if (tap.mtu !== wanted.mtu) lines.push(`link set dev ${tap.name} mtu ${wanted.mtu}`);
  if (wanted.bridge !== undefined && tap.master !== wanted.bridge) {
    lines.push(`link set dev ${tap.name} master ${wanted.bridge}`);
  }
  const left = former?.bridge !== wanted.bridge ? former?.bridge : undefined;
  if (wanted.bridge === undefined && left !== undefined && tap.master === left) {
    lines.push(`link set dev ${tap.name} nomaster`);
  }
  if (wanted.bridge !== undefined && !bridge?.up) lines.push(`link set dev ${wanted.bridge} up`);
  if (!tap.up) lines.push(`link set dev ${tap.name} up`);

  const leftBridge = left === undefined ? undefined : find(left);
  if (leftBridge) lines.push(...planAddresses(leftBridge, [], former?.addresses ?? []));
  if (wanted.bridge === undefined) {
    lines.push(...planAddresses(tap, wanted.addresses, tap.addresses));
  } else {
    lines.push(...planAddresses(tap, [], tap.addresses));
    const holder = bridge ?? { name: wanted.bridge, addresses: [] };
    lines.push(...planAddresses(holder, wanted.addresses, former?.addresses ?? []));
  }
  return lines;
}

/** Of a device's addresses, `ours` may go; `wanted` must be there. */
function planAddresses(
  { name, addresses }: Pick<CurrentLink, 'name' | 'addresses'>,
  wanted: readonly string[],
  ours: readonly string[],
): string[] {
  const gone = addresses.filter(cidr => has(ours, cidr) && !has(wanted, cidr));
  // With its primary address an IPv4 subnet loses its secondary ones as well: put all back.
  const missing = gone.length > 0 ? wanted : wanted.filter(cidr => !has(addresses, cidr));
  return [
    ...gone.map(cidr => `address del ${cidr} dev ${name}`),
    // The addresses come from a plan: a second of duplicate detection would only delay traffic.
    ...missing.map(
      cidr => `address replace ${cidr} dev ${name}${cidr.includes(':') ? ' nodad' : ''}`,
    ),
  ];
}
