import type { PodInterface } from './attach-plan.ts';
import type { WantedBridge } from './bridge-plan.ts';

/** How a pod's interface is, for CHECK. */
export interface ObservedInterface {
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  /** CIDRs. */
  readonly addresses: readonly string[];
}

/** What the plugin needs of the kernel; {@link LinuxPodNetwork} is the real one. */
export interface PodNetwork {
  /** Whether a path is that of a network namespace. */
  isNamespace(path: string): boolean;
  /** Makes the bridge, or what it lacks. */
  ensureBridge(bridge: WantedBridge): Promise<void>;
  /** The bridge's MAC. */
  bridgeMac(name: string): string;
  /** Brings the masquerading of a network into force; no pods: takes it away. */
  masquerade(network: string, pods: readonly string[], within: readonly string[]): Promise<void>;
  /** Makes an interface in a pod; when it fails, nothing of it is left. */
  attach(pod: PodInterface): Promise<void>;
  /** Removes interfaces by their names on the host; those that are not there are no error. */
  detach(hostInterfaces: readonly string[]): Promise<void>;
  /** The interface in the pod, and the bridge that its other end is a port of. */
  observe(pod: { ifName: string; netns: string; hostIf: string }): Promise<{
    readonly inside: ObservedInterface | undefined;
    readonly bridge: string | undefined;
  }>;
  /** Names of all host ends of pods' interfaces. */
  hostInterfaces(): Promise<readonly string[]>;
}
