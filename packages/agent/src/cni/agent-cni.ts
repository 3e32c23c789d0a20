import { join } from 'node:path';
import {
  ClaimedRanges,
  CniService,
  type CniStatus,
  fetchPodCidrs,
  KubernetesRanges,
  kubernetesAccess,
  PodLayout,
  type PodRanges,
} from '@evio/cni';
import { EvioError, type NodeId } from '@evio/types';
import type { AgentConfig, CniConfig, OverlayConfig } from '../config/index.ts';
import type { PodClaims } from '../overlay/pod-claims.ts';
import type { Logger, WallClock } from '../system/index.ts';

/** How often the claim is looked at, and Kubernetes is asked as long as there is no range. */
const INTERVAL_MS = 5_000;

export interface AgentCniOptions {
  readonly config: AgentConfig;
  readonly node: NodeId;
  readonly wallClock: WallClock;
  readonly logger: Logger;
  /** The overlay's record is to be announced anew. */
  readonly onClaimChange: (overlay: string) => void;
}

/** Where this node's part of the pod network comes from. */
interface RangeSource {
  ranges(): PodRanges | { readonly missing: string };
  /** Called now and every few seconds. */
  tick(): void;
  /** For the records of the overlay. */
  readonly claims?: PodClaims;
}

/** The CNI plugin within the agent: its pod range, and the service for shims. */
export class AgentCni {
  readonly #options: AgentCniOptions;
  readonly #config: CniConfig;
  readonly #overlay: OverlayConfig;
  readonly #source: RangeSource;
  #service: CniService | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: AgentCniOptions, config: CniConfig, overlay: OverlayConfig) {
    this.#options = options;
    this.#config = config;
    this.#overlay = overlay;
    this.#source = this.#createSource();
  }

  /**
   * Reads what is on disk; nothing is done for a configuration without `cni`.
   *
   * @throws EvioError `POD_CLAIM_DAMAGED`, `KUBERNETES_UNKNOWN`.
   */
  static prepare(options: AgentCniOptions): AgentCni | undefined {
    const { cni, overlays } = options.config;
    const overlay = overlays.find(({ name }) => name === cni?.overlay);
    return cni === undefined || overlay === undefined
      ? undefined
      : new AgentCni(options, cni, overlay);
  }

  /** What the overlay of the pod network carries in its records; undefined for other overlays. */
  claimsOf(overlay: string): PodClaims | undefined {
    return overlay === this.#config.overlay ? this.#source.claims : undefined;
  }

  /** Begins to serve shims, once the overlay's bridge is there. @throws EvioError `CNI_SOCKET_FAILED`. */
  async serve(): Promise<void> {
    const { node, logger } = this.#options;
    const { bridge, mtu } = this.#overlay.interface;
    if (bridge === undefined) {
      throw new EvioError(
        'CNI_NO_BRIDGE',
        `overlay "${this.#overlay.name}" has no bridge for pods`,
      );
    }
    this.#source.tick();
    this.#timer = setInterval(() => this.#source.tick(), INTERVAL_MS).unref();
    this.#service = await CniService.start({
      socket: this.#config.socket,
      stateDir: this.#stateDir,
      node,
      bridge,
      mtu,
      ranges: () => this.#source.ranges(),
      onFailure: (command, { cniCode, message, details }) =>
        logger.warn({ command, code: cniCode, details }, `CNI: ${message}`),
      onFault: error => logger.error({ err: error }, 'CNI'),
      onSwept: interfaces => logger.info({ interfaces }, 'CNI: removed what was left over'),
    });
    logger.info({ socket: this.#config.socket, bridge }, 'CNI plugin is ready');
  }

  /** Pods keep their interfaces. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#service?.stop();
  }

  status(): CniStatus | undefined {
    return this.#service?.status();
  }

  get #stateDir(): string {
    return join(this.#options.config.stateDir, 'cni');
  }

  #createSource(): RangeSource {
    const { podCidr, nodeBits, nodeIndex, kubernetes } = this.#config;
    const layout = new PodLayout(podCidr, nodeBits);
    const networks = layout.networks.map(({ text }) => text);
    if (nodeIndex !== undefined) {
      const ranges = { networks, ranges: layout.rangesOf(nodeIndex) };
      return { ranges: () => ranges, tick: () => undefined };
    }
    return kubernetes === undefined ? this.#claimed(layout) : this.#given(networks, kubernetes);
  }

  #claimed(layout: PodLayout): RangeSource {
    const { node, wallClock, onClaimChange } = this.#options;
    const claims = new ClaimedRanges({
      layout,
      self: { id: node, account: this.#overlay.xmpp.jid },
      file: join(this.#stateDir, 'pod-range.json'),
      wallClock: () => wallClock.now(),
      onChange: () => onClaimChange(this.#config.overlay),
    });
    return { claims, ranges: () => claims.ranges(), tick: () => claims.tick() };
  }

  #given(
    networks: readonly string[],
    configured: NonNullable<CniConfig['kubernetes']>,
  ): RangeSource {
    const { node = this.#options.config.name, ...access } = configured;
    const api = kubernetesAccess(access, process.env);
    const given = new KubernetesRanges({
      networks,
      file: join(this.#stateDir, 'kubernetes-ranges.json'),
      fetch: () => fetchPodCidrs(node, api),
    });
    const tick = () => {
      if ('missing' in given.ranges()) void given.refresh(); // it keeps why it failed
    };
    return { ranges: () => given.ranges(), tick };
  }
}
