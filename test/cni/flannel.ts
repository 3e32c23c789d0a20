import { join } from 'node:path';
import { run } from '../lab/command.ts';
import { DEBIAN_PLUGINS } from './cni-node.ts';
import { Runtime, type Sandbox } from './runtime.ts';

/** A node as Flannel sees it. */
export interface FlannelNode {
  /** Puts a command into the node's network namespace. */
  readonly enter: (argv: readonly string[]) => string[];
  /** What `--iface` would name, and its address: the host overlay. */
  readonly iface: string;
  readonly address: string;
  readonly mtu: number;
  /** Its subnet is 10.42.NUMBER.0/24. */
  readonly number: number;
}

/** Bytes that VXLAN over IPv4 adds; flanneld takes them off the MTU of its interface. */
const VXLAN_OVERHEAD = 50;

const macOf = (number: number): string => `02:42:00:00:00:${number.toString(16).padStart(2, '0')}`;

/**
 * Brings nodes into the state of the kernel that flanneld makes with its VXLAN backend. (Debian 12 has no
 * flanneld: this does what it does. A VXLAN device `flannel.1` without learning; for each other node a route
 * to its subnet, a permanent neighbour entry for its VTEP and a permanent FDB entry for the VTEP's MAC.)
 */
export async function layFlannel(nodes: readonly FlannelNode[]): Promise<void> {
  for (const { enter, iface, address, mtu, number } of nodes) {
    const others = nodes.filter(other => other.number !== number);
    const lines = [
      `link add flannel.1 address ${macOf(number)} type vxlan id 1 local ${address} dev ${iface} dstport 8472 nolearning`,
      `link set dev flannel.1 mtu ${mtu - VXLAN_OVERHEAD} up`,
      `address add 10.42.${number}.0/32 dev flannel.1`,
      ...others.flatMap(other => [
        `neigh add 10.42.${other.number}.0 lladdr ${macOf(other.number)} dev flannel.1 nud permanent`,
        `route add 10.42.${other.number}.0/24 via 10.42.${other.number}.0 dev flannel.1 onlink`,
      ]),
    ];
    await run(enter(['ip', '-batch', '-']), { input: `${lines.join('\n')}\n` });
    for (const other of others) {
      const entry = [macOf(other.number), 'dev', 'flannel.1', 'dst', other.address];
      await run(enter(['bridge', 'fdb', 'add', ...entry, 'self', 'permanent']));
    }
    await run(enter(['sh', '-ec', 'echo 1 >/proc/sys/net/ipv4/ip_forward']));
  }
}

/** Gives a pod its interface as Flannel's CNI plugin does: it delegates to `bridge` with `host-local`. */
export async function addFlannelPod(
  { enter, mtu, number }: FlannelNode,
  dataDir: string,
  sandbox: Sandbox,
): Promise<string> {
  const runtime = new Runtime(DEBIAN_PLUGINS, enter);
  const { code, output } = await runtime.call({
    command: 'ADD',
    sandbox,
    config: {
      cniVersion: '1.0.0',
      name: 'cbr0',
      type: 'bridge',
      mtu: mtu - VXLAN_OVERHEAD,
      ipMasq: false,
      isGateway: true,
      isDefaultGateway: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: join(dataDir, `host-local-${number}`),
        ranges: [[{ subnet: `10.42.${number}.0/24` }]],
        routes: [{ dst: '10.42.0.0/16' }],
      },
    },
  });
  if (code !== 0) throw new Error(`bridge: ${JSON.stringify(output)}`);
  return output.ips[0].address.split('/')[0];
}
