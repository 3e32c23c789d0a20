import type { Mac } from '@evio/types';
import type { RateLimit } from '../protocol/network-config.ts';

/** An interface of a pod as it is to be made. */
export interface PodInterface {
  /** Name in the pod. */
  readonly ifName: string;
  /** Path of the pod's network namespace. */
  readonly netns: string;
  /** Name of the other end, on the host. */
  readonly hostIf: string;
  readonly bridge: string;
  /** Bytes, of both ends. */
  readonly mtu: number;
  readonly mac: Mac;
  readonly hostMac: Mac;
  /** CIDRs. */
  readonly addresses: readonly string[];
  /** Destination, and gateway unless the destination is on the link. */
  readonly routes: readonly { readonly dst: string; readonly gw?: string }[];
  /** Whether the bridge may send back what came in there (a pod that reaches itself by a service). */
  readonly hairpin: boolean;
  /** To the pod. */
  readonly ingress?: RateLimit;
  /** From the pod. */
  readonly egress?: RateLimit;
}

/** What to run to make it, in this order. */
export interface AttachPlan {
  /** Lines of `ip -batch` on the host. */
  readonly host: readonly string[];
  /** Kernel parameters in the pod, by their path below /proc/sys/net. */
  readonly podParameters: readonly (readonly [path: string, value: string])[];
  /** Lines of `ip -batch` in the pod. */
  readonly pod: readonly string[];
  /** Lines of `tc -batch` on the host and in the pod; mostly none. */
  readonly hostShaping: readonly string[];
  readonly podShaping: readonly string[];
}

/** So long a packet waits for its turn at most; as in the `bandwidth` plugin. */
const QUEUE_LATENCY_MS = 25;

/**
 * How to make a pod's interface: two batches, one on each side of the namespace's border, since a
 * program takes longer to start than the kernel to do all of this.
 */
export function planAttach(pod: PodInterface): AttachPlan {
  const { ifName, hostIf, bridge, mtu, mac, hostMac, netns, addresses, routes, hairpin } = pod;
  const v6 = addresses.some(isIpv6);
  return {
    host: [
      `link add name ${hostIf} address ${hostMac} mtu ${mtu} master ${bridge} up` +
        ` type veth peer name ${ifName} address ${mac} mtu ${mtu} netns ${netns}`,
      ...(hairpin ? [`link set dev ${hostIf} type bridge_slave hairpin on`] : []),
    ],
    podParameters: [
      // An address that was another pod's until now is announced when it comes up.
      [`ipv4/conf/${ifName}/arp_notify`, '1'],
      ...(v6
        ? ([
            [`ipv6/conf/${ifName}/disable_ipv6`, '0'],
            [`ipv6/conf/${ifName}/ndisc_notify`, '1'],
            // What a pod has comes from here, not from a router on the overlay.
            [`ipv6/conf/${ifName}/accept_ra`, '0'],
          ] as const)
        : []),
    ],
    pod: [
      'link set dev lo up',
      // Before the interface is up, because then the kernel announces them.
      ...addresses.map(cidr => `address add ${cidr} dev ${ifName}${isIpv6(cidr) ? ' nodad' : ''}`),
      `link set dev ${ifName} up`,
      ...routes.map(({ dst, gw }) => `route replace ${dst}${gw ? ` via ${gw}` : ''} dev ${ifName}`),
    ],
    hostShaping: pod.ingress ? [shaping(hostIf, pod.ingress)] : [],
    podShaping: pod.egress ? [shaping(ifName, pod.egress)] : [],
  };
}

function shaping(device: string, { rate, burst }: RateLimit): string {
  const bytes = Math.max(1, Math.ceil(burst / 8));
  return `qdisc replace dev ${device} root tbf rate ${rate}bit burst ${bytes} latency ${QUEUE_LATENCY_MS}ms`;
}

const isIpv6 = (cidr: string): boolean => cidr.includes(':');
