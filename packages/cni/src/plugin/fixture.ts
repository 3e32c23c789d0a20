import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PodInterface } from '../network/attach-plan.ts';
import type { WantedBridge } from '../network/bridge-plan.ts';
import { derivedMac } from '../network/names.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { CniError } from '../protocol/cni-error.ts';
import type { PodRanges } from './address-book.ts';
import { AttachmentStore } from './attachment-store.ts';
import { CniPlugin } from './cni-plugin.ts';
import type { Delegate } from './delegate.ts';
import { PodAttachments } from './pod-attachments.ts';

/** A kernel in memory. */
export class FakeNetwork implements PodNetwork {
  readonly namespaces = new Set<string>();
  readonly pods = new Map<string, PodInterface>();
  readonly bridges: WantedBridge[] = [];
  readonly masquerading = new Map<string, { pods: readonly string[]; within: readonly string[] }>();
  /** What the next attach fails with. */
  failure: CniError | undefined;

  isNamespace(path: string): boolean {
    return this.namespaces.has(path);
  }

  async ensureBridge(bridge: WantedBridge): Promise<void> {
    this.bridges.push(bridge);
  }

  bridgeMac(name: string) {
    return derivedMac('bridge', name);
  }

  async masquerade(
    network: string,
    pods: readonly string[],
    within: readonly string[],
  ): Promise<void> {
    this.masquerading.set(network, { pods, within });
  }

  async attach(pod: PodInterface): Promise<void> {
    if (this.pods.has(pod.hostIf)) throw new CniError('networkFailure', 'exists');
    if (this.failure !== undefined) throw this.failure;
    this.pods.set(pod.hostIf, pod);
  }

  async detach(hostInterfaces: readonly string[]): Promise<void> {
    for (const name of hostInterfaces) this.pods.delete(name);
  }

  async observe({ hostIf }: { hostIf: string }) {
    const pod = this.pods.get(hostIf);
    return {
      inside: pod && { mac: pod.mac, mtu: pod.mtu, up: true, addresses: pod.addresses },
      bridge: pod?.bridge,
    };
  }

  async hostInterfaces(): Promise<readonly string[]> {
    return [...this.pods.keys()];
  }
}

/** A plugin on a fake kernel, with its files in a directory that goes with it. */
export class PluginFixture {
  readonly network = new FakeNetwork();
  readonly directory = mkdtempSync(join(tmpdir(), 'evio-cni-'));
  ranges: PodRanges | { readonly missing: string } = {
    networks: ['10.244.0.0/16', 'fd00:244::/48'],
    ranges: ['10.244.3.0/24', 'fd00:244:0:300::/56'],
  };
  delegate: Delegate = async () => undefined;
  attachments: PodAttachments;
  plugin: CniPlugin;
  readonly faults: unknown[] = [];

  constructor() {
    this.network.namespaces.add('/run/netns/pod');
    ({ attachments: this.attachments, plugin: this.plugin } = this.#build());
  }

  #build() {
    const attachments = new PodAttachments({
      bridge: 'evio-pods',
      mtu: 1400,
      ranges: () => this.ranges,
      network: this.network,
      store: AttachmentStore.open(this.directory),
      delegate: (...call) => this.delegate(...call),
      wallClock: () => 0,
      firstAddress: 0,
    });
    const plugin = new CniPlugin({
      attachments,
      clock: () => 0,
      onFault: error => this.faults.push(error),
    });
    return { attachments, plugin };
  }

  /** As after the agent was killed: only what is on disk and in the kernel is left. */
  restart(): void {
    ({ attachments: this.attachments, plugin: this.plugin } = this.#build());
  }

  /** Calls the plugin as the shim does. */
  async call(
    command: string,
    change: {
      readonly config?: object;
      readonly environment?: Readonly<Record<string, string>>;
      readonly input?: string;
    } = {},
  ): Promise<{ status: number; output: ReturnType<typeof JSON.parse> }> {
    const environment = new Map(
      Object.entries({
        CNI_COMMAND: command,
        CNI_CONTAINERID: 'c1',
        CNI_NETNS: '/run/netns/pod',
        CNI_IFNAME: 'eth0',
        CNI_PATH: '/opt/cni/bin',
        ...change.environment,
      }),
    );
    const config = {
      cniVersion: '1.1.0',
      name: 'pods',
      type: 'evio',
      isDefaultGateway: true,
      ...change.config,
    };
    const answer = await this.plugin.handle({
      environment,
      input: change.input ?? JSON.stringify(config),
    });
    return {
      status: answer.status,
      output: answer.output === '' ? undefined : JSON.parse(answer.output),
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
