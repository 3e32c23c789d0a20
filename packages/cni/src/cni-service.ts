import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { findNativeProgram } from './native-program.ts';
import { LinuxPodNetwork } from './network/linux-pod-network.ts';
import type { PodNetwork } from './network/pod-network.ts';
import { PodWorker } from './network/pod-worker.ts';
import type { PodRanges } from './plugin/address-book.ts';
import type { Attachment } from './plugin/attachment.ts';
import { AttachmentStore } from './plugin/attachment-store.ts';
import { CniPlugin, type CommandCounters } from './plugin/cni-plugin.ts';
import { createDelegate } from './plugin/delegate.ts';
import { PodAttachments } from './plugin/pod-attachments.ts';
import type { CniError } from './protocol/cni-error.ts';
import { CniServer } from './shim/cni-server.ts';
import { carryOutPendingDeletes } from './shim/pending-deletes.ts';

/** A deletion that a shim could keep between a look into the directory and our listening waits for so long. */
const PENDING_INTERVAL_MS = 5_000;

export interface CniServiceOptions {
  readonly socket: string;
  /** Absolute path; attachments and, if it is not elsewhere, deletions that shims kept. */
  readonly stateDir: string;
  /** As `pendingDir` in the network configuration. */
  readonly pendingDir?: string;
  /** Tells this node from others; the overlay's bridge gets its MAC from it. */
  readonly node: string;
  readonly bridge: string;
  /** The overlay's, in bytes. */
  readonly mtu: number;
  readonly ranges: () => PodRanges | { readonly missing: string };
  /** The kernel's when absent. */
  readonly network?: PodNetwork;
  /** Told each failed call. */
  readonly onFailure?: (command: string, error: CniError) => void;
  /** Told what is wrong with the agent itself. */
  readonly onFault?: (error: unknown) => void;
  /** Told which interfaces were left over from before. */
  readonly onSwept?: (interfaces: readonly string[]) => void;
}

/** What `evio status` and metrics show. */
export interface CniStatus {
  readonly socket: string;
  readonly bridge: string;
  readonly mtu: number;
  /** This node's part of the pod network; empty as long as it has none. */
  readonly ranges: readonly string[];
  /** Why it has none. */
  readonly problem?: string;
  readonly addresses: { readonly size: number; readonly taken: number };
  readonly pods: readonly Pick<
    Attachment,
    'network' | 'containerId' | 'ifName' | 'netns' | 'pod' | 'addresses' | 'hostIf' | 'since'
  >[];
  readonly commands: Readonly<Record<string, CommandCounters>>;
}

/** The plugin as the agent runs it: cleans up what is stale, finishes what waited, and serves shims. */
export class CniService {
  readonly #options: CniServiceOptions;
  readonly #attachments: PodAttachments;
  readonly #plugin: CniPlugin;
  #server: CniServer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pending: Promise<void> = Promise.resolve();

  private constructor(options: CniServiceOptions) {
    this.#options = options;
    const { node, bridge, mtu, ranges, stateDir, onFailure, onFault } = options;
    this.#attachments = new PodAttachments({
      bridge,
      mtu,
      ranges,
      network:
        options.network ??
        new LinuxPodNetwork({ node, worker: new PodWorker(findNativeProgram('evio-pod-worker')) }),
      store: AttachmentStore.open(join(stateDir, 'attachments')),
      delegate: createDelegate(),
      wallClock: Date.now,
      firstAddress: randomInt(2 ** 32),
    });
    this.#plugin = new CniPlugin({
      attachments: this.#attachments,
      clock: () => performance.now(),
      ...(onFailure && { onFailure }),
      ...(onFault && { onFault }),
    });
  }

  /** @throws EvioError `CNI_SOCKET_FAILED`, or what the file system says about the state directory. */
  static async start(options: CniServiceOptions): Promise<CniService> {
    const service = new CniService(options);
    const swept = await service.#attachments.sweep();
    if (swept.length > 0) options.onSwept?.(swept);
    await service.#finishPending();
    service.#server = await CniServer.listen({
      socket: options.socket,
      handle: request => service.#plugin.handle(request),
    });
    service.#timer = setInterval(() => {
      service.#pending = service.#pending.then(() => service.#finishPending());
    }, PENDING_INTERVAL_MS);
    service.#timer.unref();
    return service;
  }

  /** Pods keep their interfaces, and their traffic. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#server?.close();
    await this.#pending;
  }

  status(): CniStatus {
    const { socket, bridge, mtu, ranges } = this.#options;
    const own = ranges();
    return {
      socket,
      bridge,
      mtu,
      ranges: 'missing' in own ? [] : own.ranges,
      ...('missing' in own && { problem: own.missing }),
      addresses: this.#attachments.usage,
      pods: this.#attachments
        .all()
        .map(({ network, containerId, ifName, netns, pod, addresses, hostIf, since }) => ({
          network,
          containerId,
          ifName,
          netns,
          ...(pod !== undefined && { pod }),
          addresses,
          hostIf,
          since,
        })),
      commands: this.#plugin.counters(),
    };
  }

  async #finishPending(): Promise<void> {
    const { stateDir, pendingDir = join(stateDir, 'pending'), onFault } = this.#options;
    try {
      await carryOutPendingDeletes(pendingDir, request => this.#plugin.handle(request));
    } catch (error) {
      onFault?.(error);
    }
  }
}
