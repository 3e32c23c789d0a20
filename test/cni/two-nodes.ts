import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Agent, Lab } from '../lab/index.ts';
import { SHIM } from './cni-node.ts';
import type { FlannelNode } from './flannel.ts';
import { Runtime, type Sandbox } from './runtime.ts';

/** Bridge of the overlay, which also has the nodes' own addresses. */
const BRIDGE = 'evio-pods';

/** A node of {@link TwoNodes}. */
export interface PodNode {
  readonly name: string;
  readonly agent: Agent;
  readonly enter: (argv: readonly string[]) => string[];
  readonly runtime: Runtime;
  /** Network configuration of the Evio CNI on this node. */
  readonly config: (change?: object) => Record<string, unknown>;
  readonly flannel: FlannelNode;
}

/** Two nodes behind different NATs, each with an agent that is the CNI plugin as well. */
export class TwoNodes implements AsyncDisposable {
  readonly lab: Lab;
  readonly nodes: readonly [PodNode, PodNode];

  private constructor(lab: Lab, nodes: readonly [PodNode, PodNode]) {
    this.lab = lab;
    this.nodes = nodes;
  }

  static async create(): Promise<TwoNodes> {
    const lab = await Lab.create({
      hub: true,
      sites: {
        home: { nat: 'port-restricted', hosts: ['n0'] },
        office: { nat: 'port-restricted', hosts: ['n1'] },
      },
    });
    try {
      const first = await prepare(lab, 'n0', 0);
      const second = await prepare(lab, 'n1', 1);
      await first.agent.linkedTo(second.agent, 20_000);
      await second.agent.linkedTo(first.agent, 20_000);
      return new TwoNodes(lab, [first, second]);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

async function prepare(lab: Lab, name: string, number: number): Promise<PodNode> {
  const directory = join(lab.directory, 'agents', name);
  const bin = join(directory, 'bin');
  const socket = join(directory, 'cni.sock');
  const agent = await lab.agent(name, config => {
    const overlay = config.overlays[0]?.name ?? '';
    config.cni = { overlay, pod_cidr: ['10.244.0.0/16'], node_index: number, socket };
  });
  await mkdir(bin, { recursive: true });
  await copyFile(SHIM, join(bin, 'evio'));
  const enter = (argv: readonly string[]) => [
    ...['nsenter', `--net=/run/netns/${lab.host(name).namespace.name}`, '--'],
    ...argv,
  ];
  return {
    name,
    agent,
    enter,
    runtime: new Runtime(bin, enter),
    config: (change = {}) => ({
      cniVersion: '1.0.0',
      name: 'pods',
      type: 'evio',
      socket,
      pendingDir: join(directory, 'state', 'cni', 'pending'),
      isDefaultGateway: true,
      ...change,
    }),
    flannel: { enter, iface: BRIDGE, address: agent.address, mtu: 1400, number },
  };
}

/** ADD by the Evio CNI. @returns the pod's IPv4 address. */
export async function addPod(node: PodNode, sandbox: Sandbox): Promise<string> {
  const { code, output } = await node.runtime.call({
    command: 'ADD',
    config: node.config(),
    sandbox,
  });
  if (code !== 0) throw new Error(JSON.stringify(output));
  return output.ips[0].address.split('/')[0];
}

/** DEL by the Evio CNI. */
export async function deletePod(node: PodNode, sandbox: Sandbox): Promise<void> {
  const { code, output } = await node.runtime.call({
    command: 'DEL',
    config: node.config(),
    sandbox,
  });
  if (code !== 0) throw new Error(JSON.stringify(output));
}
