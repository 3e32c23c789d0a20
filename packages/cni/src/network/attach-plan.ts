import type { Mac } from '@evio/types';
import type { RateLimit } from '../protocol/network-config.ts';
import type { PodStep } from './pod-worker.ts';

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

/** What makes it, in this order. */
export interface AttachPlan {
  readonly steps: readonly PodStep[];
  /** Lines of `tc -batch` on the host and in the pod; mostly none. */
  readonly hostShaping: readonly string[];
  readonly podShaping: readonly string[];
}

/** So long a packet waits for its turn at most; as in the `bandwidth` plugin. */
const QUEUE_LATENCY_MS = 25;

/** How to make a pod's interface. */
export function planAttach(pod: PodInterface): AttachPlan {
  const { ifName, hostIf, bridge, mtu, mac, hostMac, netns, addresses, routes, hairpin } = pod;
  const v6: readonly PodStep[] = [
    ['set', `ipv6/conf/${ifName}/disable_ipv6`, '0'],
    ['set', `ipv6/conf/${ifName}/ndisc_notify`, '1'],
    // What a pod has comes from here, not from a router on the overlay.
    ['set', `ipv6/conf/${ifName}/accept_ra`, '0'],
  ];
  return {
    steps: [
      ['veth', hostIf, hostMac, `${mtu}`, bridge, ifName, mac, netns],
      ...(hairpin ? [['hairpin', hostIf] as const] : []),
      ['enter', netns],
      ['set', `ipv4/conf/${ifName}/arp_notify`, '1'],
      ...(addresses.some(cidr => cidr.includes(':')) ? v6 : []),
      ['up', 'lo'],
      ['up', ifName],
      ['await', hostIf],
      ...addresses.map(cidr => ['address', cidr, ifName] as const),
      ...routes.map(({ dst, gw = '' }) => ['route', dst, gw, ifName] as const),
      // An address that was another pod's until now: everybody who knew that one shall hear of this one.
      ['announce', ifName, mac],
    ],
    hostShaping: pod.ingress ? [shaping(hostIf, pod.ingress)] : [],
    podShaping: pod.egress ? [shaping(ifName, pod.egress)] : [],
  };
}

function shaping(device: string, { rate, burst }: RateLimit): string {
  const bytes = Math.max(1, Math.ceil(burst / 8));
  return `qdisc replace dev ${device} root tbf rate ${rate}bit burst ${bytes} latency ${QUEUE_LATENCY_MS}ms`;
}
