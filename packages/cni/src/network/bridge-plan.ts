import { derivedMac } from './names.ts';
import type { PodStep } from './pod-worker.ts';

/** A pod network's bridge on this node. */
export interface WantedBridge {
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  /** CIDRs that pods of this node use as gateways; none without `isGateway`. */
  readonly gateways: readonly string[];
}

/**
 * The MAC of a bridge: without one that was set, it would take the lowest of its ports', and so change
 * with the pods that come and go, under the eyes of those that use it as a gateway.
 */
export const bridgeMac = (name: string, node: string) => derivedMac('bridge', node, name);

/**
 * Lines of `ip -batch` for a bridge; `missing` when it is not there yet. What else is on the bridge, the
 * overlay's TAP and addresses among it, stays.
 */
export function planBridge(wanted: WantedBridge, node: string, missing: boolean): string[] {
  const { name, mtu, gateways } = wanted;
  return [
    ...(missing ? [`link add name ${name} type bridge`] : []),
    `link set dev ${name} address ${bridgeMac(name, node)} mtu ${mtu} up`,
    ...gateways.map(
      cidr => `address replace ${cidr} dev ${name}${cidr.includes(':') ? ' nodad' : ''}`,
    ),
  ];
}

/** Kernel parameters that a gateway needs. */
export function forwardingParameters(gateways: readonly string[]): PodStep[] {
  const steps: PodStep[] = [];
  if (gateways.some(cidr => !cidr.includes(':'))) steps.push(['set', 'ipv4/ip_forward', '1']);
  if (gateways.some(cidr => cidr.includes(':'))) {
    steps.push(['set', 'ipv6/conf/all/forwarding', '1']);
  }
  return steps;
}
