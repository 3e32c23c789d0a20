import { release } from 'node:os';
import type { Host } from '../../lab/index.ts';
import { DEVICE_PREFIX, type Peer, TUNNEL_MTU } from '../peer.ts';

const DEVICE = `${DEVICE_PREFIX}vxlan`;
const ADDRESSES = ['10.76.0.1', '10.76.0.2'] as const;

/** The kernel's own overlay, without encryption: what costs nothing but encapsulation. */
export const vxlan: Peer = {
  name: 'vxlan',
  configuration:
    "The kernel's device with one fixed remote, UDP port 4789, no UDP checksums (its default over IPv4). Not encrypted. It has no daemon: what it costs is in the kernel.",
  prepare: async () => `Linux ${release()}`,
  install: async (_lab, left, right) => ({
    leftAddress: ADDRESSES[0],
    rightAddress: ADDRESSES[1],
    start: async () => {
      await Promise.all([make(left, right, ADDRESSES[0]), make(right, left, ADDRESSES[1])]);
    },
    stop: async () => {
      const remove = ['ip', 'link', 'del', DEVICE];
      await Promise.all([left, right].map(host => host.exec(remove, { check: false })));
    },
    daemons: () => [],
  }),
};

function make(host: Host, other: Host, address: string): Promise<void> {
  return host.namespace.ip([
    `link add ${DEVICE} type vxlan id 76 local ${host.address} remote ${other.address} dstport 4789 dev eth0`,
    `address add ${address}/24 dev ${DEVICE}`,
    `link set ${DEVICE} mtu ${TUNNEL_MTU} up`,
  ]);
}
