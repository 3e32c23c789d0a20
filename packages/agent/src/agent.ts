import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Datapath, type DatapathEvent, trimMemory, type Via } from '@evio/datapath';
import { HandshakeGate, Identity, InitiationClock, PinStore, SessionIndexes } from '@evio/session';
import { EvioError } from '@evio/types';
import type { AgentCni } from './cni/agent-cni.ts';
import {
  type AgentConfig,
  type Change,
  type ConfigDiff,
  diffConfig,
  loadConfig,
  type OverlayConfig,
  takeOver,
} from './config/index.ts';
import type {
  AgentControl,
  AgentStatus,
  OverlayReach,
  OverlayTopology,
  PeerDetail,
  PeerTarget,
  PingOptions,
  PingReply,
  ReloadReport,
  Trace,
} from './control/index.ts';
import { Overlay } from './overlay/overlay.ts';
import { ControlDrops } from './peer/control-drops.ts';
import type { Peer } from './peer/peer.ts';
import { peerDetail } from './peer-detail.ts';
import {
  candidateCounts,
  overlayReach,
  overlayStatus,
  overlayTopology,
  pathStatus,
  traceHops,
} from './status.ts';
import { type Logger, StateLock, WallClock } from './system/index.ts';
import { Underlay } from './underlay/underlay.ts';
import { VERSION } from './version.ts';

/** How often memory that was only needed for a moment is given back. */
const TRIM_INTERVAL_MS = 10_000;

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly logger: Logger;
}

/** The agent of one node: the datapath, the underlay, and the overlays on them. */
export class Agent implements AgentControl {
  readonly failed: Promise<Error>;
  readonly #fail: (error: Error) => void;
  readonly #since = new Date();
  readonly #logger: Logger;
  readonly #lock: StateLock;
  readonly #identity: Identity;
  readonly #pins: PinStore;
  readonly #datapath: Datapath;
  readonly #underlay: Underlay;
  readonly #gate: HandshakeGate;
  readonly #wallClock: WallClock;
  readonly #controlDrops = new ControlDrops();
  readonly #clock: InitiationClock;
  readonly #indexes = new SessionIndexes<Peer>(randomBytes);
  readonly #overlays = new Map<string, Overlay>();
  readonly #trimming = setInterval(trimMemory, TRIM_INTERVAL_MS).unref();
  #cni: AgentCni | undefined;
  #config: AgentConfig;
  #reloading: Promise<unknown> = Promise.resolve();

  private constructor(config: AgentConfig, logger: Logger, lock: StateLock) {
    this.#config = config;
    this.#logger = logger;
    this.#lock = lock;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.failed = promise;
    this.#fail = resolve;
    this.#identity = Identity.loadOrCreate(join(config.stateDir, 'identity.json'), randomBytes);
    this.#pins = PinStore.open(join(config.stateDir, 'pins.json'));
    this.#wallClock = new WallClock(join(config.stateDir, 'clock'));
    this.#clock = new InitiationClock(() => this.#wallClock.now());
    this.#gate = new HandshakeGate(this.#identity);
    this.#datapath = Datapath.open({ port: config.listen.port });
    this.#underlay = new Underlay({
      datapath: this.#datapath,
      random: randomBytes,
      logger,
      onHandshake: (bytes, via) => this.#onHandshake(bytes, via),
      onGroundChanged: (reason, change) => {
        for (const overlay of this.#overlays.values()) overlay.groundChanged(reason, change);
      },
    });
  }

  /** @throws EvioError when the state directory, a TAP or a socket cannot be had. */
  static async start({ config, logger }: AgentOptions): Promise<Agent> {
    const lock = await StateLock.acquire(config.stateDir);
    let agent: Agent;
    try {
      agent = new Agent(config, logger, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
    agent.#datapath.events.subscribe(event => agent.#observe(event));
    logger.info(
      { node: agent.#identity.nodeId, port4: agent.#datapath.port4, port6: agent.#datapath.port6 },
      'started',
    );
    try {
      agent.#useAddresses();
      agent.#cni = await agent.#prepareCni();
      for (const overlay of config.overlays) await agent.#add(overlay);
      await agent.#cni?.serve();
    } catch (error) {
      await agent.stop();
      throw error;
    }
    return agent;
  }

  async stop(): Promise<void> {
    clearInterval(this.#trimming);
    await this.#reloading; // it may be about to add an overlay
    await this.#cni?.stop();
    await Promise.all([...this.#overlays.keys()].map(name => this.#remove(name)));
    this.#underlay.stop();
    this.#datapath.close();
    this.#wallClock.stop();
    await this.#lock.release();
  }

  // -- Control

  status(): AgentStatus {
    const { port4, port6 } = this.#datapath;
    const cni = this.#cni?.status();
    return {
      version: VERSION,
      node: { id: this.#identity.nodeId, name: this.#config.name },
      overlays: [...this.#overlays.values()].map(overlay =>
        overlayStatus(overlay, this.#datapath, this.#underlay),
      ),
      since: this.#since.toISOString(),
      pid: process.pid,
      rssBytes: process.memoryUsage.rss(),
      ports: { ipv4: port4 ?? null, ipv6: port6 ?? null },
      candidates: candidateCounts(this.#underlay),
      counters: {
        ...this.#datapath.counters(),
        ...this.#underlay.counters(),
        ...this.#controlDrops,
        ...prefixed('handshake', this.#gate.counters()),
        ...prefixed('signaling', this.#signalingCounters()),
      },
      ...(cni !== undefined && { cni }),
    };
  }

  reached(): readonly OverlayReach[] {
    return [...this.#overlays.values()].map(overlayReach);
  }

  #signalingCounters(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { signalingCounters } of this.#overlays.values()) {
      for (const [name, count] of Object.entries(signalingCounters)) {
        sums[name] = (sums[name] ?? 0) + count;
      }
    }
    return sums;
  }

  topology(): readonly OverlayTopology[] {
    const self = { id: this.#identity.nodeId, name: this.#config.name };
    return [...this.#overlays.values()].map(overlay =>
      overlayTopology(overlay, self, this.#underlay),
    );
  }

  async *ping(target: PeerTarget, options: PingOptions): AsyncIterable<PingReply> {
    const { count, intervalMs, timeoutMs, datagramBytes, signal } = options;
    for (let sequence = 1; sequence <= count && !signal.aborted; sequence += 1) {
      const peer = this.#peerNamed(target);
      const began = performance.now();
      const rttMs = await peer.probe.ping({ datagramBytes, timeoutMs });
      const path = pathStatus(peer, this.#overlayNamed(target).ring, this.#underlay);
      yield { sequence, rttMs: rttMs ?? null, datagramBytes, path };
      const rest = began + intervalMs - performance.now();
      if (sequence < count && rest > 0) {
        await sleep(rest, undefined, { signal }).catch(() => undefined); // whoever asked has gone
      }
    }
  }

  examine(target: PeerTarget): PeerDetail {
    const overlay = this.#overlayNamed(target);
    return peerDetail(overlay, target.id, this.#datapath, this.#underlay);
  }

  async trace(target: PeerTarget): Promise<Trace> {
    const peer = this.#peerNamed(target);
    const overlay = this.#overlayNamed(target);
    const [steps, rttMs] = await Promise.all([
      overlay.trace(target.id),
      peer.probe.ping({ datagramBytes: 0, timeoutMs: 2_000 }),
    ]);
    return { target, hops: traceHops(overlay, steps, target.id, rttMs ?? null, this.#underlay) };
  }

  async forget(account: string, overlay?: string): Promise<readonly string[]> {
    const names = overlay === undefined ? [...this.#overlays.keys()] : [overlay];
    const forgotten = names.filter(name => this.#pins.forget(account, name));
    for (const name of forgotten) this.#overlays.get(name)?.forgot(account);
    return forgotten;
  }

  reload(): Promise<ReloadReport> {
    const next = this.#reloading.then(() => this.#reload());
    this.#reloading = next.catch(() => undefined);
    return next;
  }

  async #reload(): Promise<ReloadReport> {
    try {
      const next = loadConfig(this.#config.file);
      const diff = diffConfig(this.#config, next);
      await this.#apply(takeOver(this.#config, next), diff);
      const report = {
        applied: diff.applicable.map(describeChange),
        needsRestart: diff.needsRestart.map(describeChange),
      };
      this.#logger.info(report, 'configuration read again');
      return report;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#logger.error({ error: message }, 'the configuration was not taken over');
      throw error;
    }
  }

  async #apply(next: AgentConfig, { applicable }: ConfigDiff): Promise<void> {
    this.#logger.level = next.log.level;
    for (const { name } of this.#config.overlays) {
      if (!next.overlays.some(overlay => overlay.name === name)) await this.#remove(name);
    }
    for (const overlay of next.overlays) {
      const running = this.#overlays.get(overlay.name);
      const changed = applicable.some(change => change.overlay === overlay.name);
      if (running === undefined) await this.#add(overlay);
      else if (changed) await running.reconfigure(overlay);
    }
    this.#config = next;
    this.#useAddresses();
  }

  // -- Parts

  /** Most hosts have no pods: theirs need not load the plugin. */
  async #prepareCni(): Promise<AgentCni | undefined> {
    if (this.#config.cni === undefined) return undefined;
    const { AgentCni } = await import('./cni/agent-cni.ts');
    return AgentCni.prepare({
      config: this.#config,
      node: this.#identity.nodeId,
      wallClock: this.#wallClock,
      logger: this.#logger,
      onClaimChange: overlay => this.#overlays.get(overlay)?.announce(),
    });
  }

  async #add(config: OverlayConfig): Promise<void> {
    const { keepaliveSeconds, rekeySeconds, rejectSeconds } = this.#config.timers;
    const pods = this.#cni?.claimsOf(config.name);
    const overlay = await Overlay.start({
      config,
      name: this.#config.name,
      identity: this.#identity,
      pins: this.#pins,
      clock: this.#clock,
      wallClock: this.#wallClock,
      datapath: this.#datapath,
      underlay: this.#underlay,
      indexes: this.#indexes,
      timers: { rekeyAfter: rekeySeconds * 1_000, rejectAfter: rejectSeconds * 1_000 },
      keepaliveMs: keepaliveSeconds * 1_000,
      random: randomBytes,
      ...(pods !== undefined && { pods }),
      drops: this.#controlDrops,
      logger: this.#logger.child({ overlay: config.name }),
    });
    this.#overlays.set(config.name, overlay);
    this.#gate.addOverlay(config.name);
  }

  async #remove(name: string): Promise<void> {
    const overlay = this.#overlays.get(name);
    this.#overlays.delete(name);
    this.#gate.removeOverlay(name);
    await overlay?.stop();
  }

  /** Which addresses ICE may offer: those of no overlay, and none that the file says to ignore. */
  #useAddresses(): void {
    const { overlays } = this.#config;
    this.#underlay.useAddresses({
      ignore: overlays.flatMap(({ ice }) => ice.ignoreInterfaces),
      own: overlays.flatMap(({ interface: { name, bridge } }) => [
        name,
        ...(bridge === undefined ? [] : [bridge]),
      ]),
      ownAddresses: overlays.flatMap(overlay => overlay.interface.addresses),
    });
  }

  #observe(event: DatapathEvent): void {
    switch (event.type) {
      case 'datagram':
      case 'stream':
      case 'network':
        this.#underlay.observe(event);
        break;
      case 'failed':
        this.#logger.fatal({ reason: event.message }, 'the datapath failed');
        this.#fail(new EvioError('DATAPATH_FAILED', event.message));
        break;
      case 'mac':
        break; // the datapath has acted on it; nobody here needs to know
      default:
        for (const overlay of this.#overlays.values()) if (overlay.observe(event)) return;
    }
  }

  #onHandshake(bytes: Uint8Array, via: Via): void {
    const from = sourceOf(via);
    const verdict = this.#gate.peerOf(performance.now(), bytes, from);
    if (verdict.kind === 'drop') return; // the gate counts it
    const peer =
      verdict.kind === 'initiation'
        ? this.#overlays.get(verdict.overlay)?.peerByKey(verdict.staticPublic)
        : this.#indexes.ownerOf(verdict.receiverIndex);
    peer?.handshake(bytes, via);
  }

  #overlayNamed({ overlay: name }: PeerTarget): Overlay {
    const overlay = this.#overlays.get(name);
    if (overlay === undefined) throw new EvioError('NODE_UNKNOWN', `no overlay "${name}"`);
    return overlay;
  }

  #peerNamed(target: PeerTarget): Peer {
    const { overlay, id } = target;
    const peer = this.#overlayNamed(target).peers.get(id);
    if (peer === undefined) throw new EvioError('NODE_UNKNOWN', `no node ${id} in "${overlay}"`);
    return peer;
  }
}

/** Whose rate of handshakes is limited. */
function sourceOf(via: Via): string {
  if (via.kind === 'uplink') return '';
  return via.kind === 'overlay' ? via.node : via.remote.address;
}

function describeChange({ overlay, text }: Change): string {
  return overlay === undefined ? text : `${overlay}: ${text}`;
}

/** `{ mac1: 3 }` under `handshake` is `{ handshakeMac1: 3 }`. */
function prefixed(prefix: string, counters: Readonly<Record<string, number>>) {
  const name = (key: string) =>
    `${prefix}-${key}`.replace(/-(.)/g, (_, first: string) => first.toUpperCase());
  return Object.fromEntries(Object.entries(counters).map(([key, count]) => [name(key), count]));
}
