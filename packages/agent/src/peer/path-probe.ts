import type { Path, UnderlayPath } from '@evio/datapath';
import { PathMtu, udpPayload } from '@evio/traversal';
import { addressFamily } from '@evio/types';

export interface PathProbeOptions {
  /** Sends an echo request of that UDP payload size (0: the smallest), not to be fragmented. */
  readonly send: (token: number, datagramBytes: number) => void;
  /** Tells the datapath the largest UDP payload that the path carries, in bytes. */
  readonly setPathMtu: (bytes: number) => void;
  /** An echo at least this often: it measures the round trip and shows that the peer is there. */
  readonly keepaliveMs: number;
}

/** The answer to an echo request. */
export interface Echo {
  readonly token: number;
  readonly rttMs: number;
}

/** MTU of the links that hosts have; larger ones are not searched for. Bytes. */
const LINK_MTU = 1500;
/**
 * The datagram inside forward records: what an Ethernet path carries but for the seals around it. The
 * base fits through two paths of 1,200 bytes and is the datapath's own first guess.
 */
const OVERLAY_MTU = { max: 1_300, base: 1_000, floor: 468 };
const OVERLAY = 'overlay';
/** RFC 6298 §2: the weight of a new sample in the smoothed round trip. */
const RTT_GAIN = 1 / 8;

/** The path MTU's own probes have tokens from here on. */
const FIRST_MTU_TOKEN = 2 ** 31;

interface Waiting {
  readonly resolve: (rttMs: number | undefined) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * What a link learns of its path by echo records: round trip, path MTU, and that the peer answers.
 * Echoes are sealed like all else, so an answer also proves the session.
 */
export class PathProbe {
  readonly #options: PathProbeOptions;
  readonly #pings = new Map<number, Waiting>();
  #mtu: PathMtu | undefined;
  #mtuOf: string | undefined;
  #token = 0;
  #nextEcho: number | undefined;
  #rttMs: number | undefined;

  constructor(options: PathProbeOptions) {
    this.#options = options;
  }

  /** Smoothed round trip in milliseconds; undefined before the first answer. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** Largest UDP payload known to arrive, in bytes; undefined without a path. */
  get pathMtu(): number | undefined {
    return this.#mtu?.current;
  }

  /** The link has a path, perhaps another one than before. */
  pathChanged(now: number, path: Path): void {
    const stretch = stretchOf(path);
    // Each hop looks after its own link; what goes through others is measured while it is in use.
    this.#nextEcho = path.kind === 'overlay' ? undefined : now;
    if (stretch === this.#mtuOf) return;
    this.#mtuOf = stretch;
    this.#rttMs = undefined;
    this.#mtu = path.kind === 'overlay' ? undefined : new PathMtu(now, { max: largest(path) });
    if (this.#mtu !== undefined) this.#options.setPathMtu(this.#mtu.current);
  }

  /** Whether an overlay path is in use: only then it is measured. Returns whether that is news. */
  useOverlay(now: number, inUse: boolean): boolean {
    if (this.#mtuOf !== OVERLAY || inUse === (this.#mtu !== undefined)) return false;
    this.#mtu = inUse ? new PathMtu(now, OVERLAY_MTU) : undefined;
    this.#nextEcho = inUse ? now : undefined;
    if (this.#mtu !== undefined) this.#options.setPathMtu(this.#mtu.current);
    return true;
  }

  pathLost(): void {
    this.#mtu = undefined;
    this.#mtuOf = undefined;
    this.#rttMs = undefined;
    this.#nextEcho = undefined;
  }

  /** Sends an echo with the next {@link tick}. */
  echo(now: number): void {
    if (this.#mtu !== undefined) this.#nextEcho = now;
  }

  /** Sends an echo now, also on an overlay path that is not measured. */
  ask(): void {
    this.#options.send(this.#nextToken(), 0);
  }

  /**
   * One echo for `evio ping`.
   *
   * @returns its round trip in milliseconds, or undefined when nothing came in time.
   */
  ping(options: {
    readonly datagramBytes: number;
    readonly timeoutMs: number;
  }): Promise<number | undefined> {
    const token = this.#nextToken();
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const timer = setTimeout(() => {
      this.#pings.delete(token);
      resolve(undefined);
    }, options.timeoutMs);
    this.#pings.set(token, { resolve, timer });
    this.#options.send(token, options.datagramBytes);
    return promise;
  }

  onEcho(now: number, { token, rttMs }: Echo): void {
    const old = this.#rttMs;
    this.#rttMs = old === undefined ? rttMs : old + RTT_GAIN * (rttMs - old);
    this.#mtu?.setRtt(this.#rttMs);
    this.#mtu?.onProbeAcked(now, token);
    const ping = this.#pings.get(token);
    if (ping === undefined) return;
    this.#pings.delete(token);
    clearTimeout(ping.timer);
    ping.resolve(rttMs);
  }

  /** A device of this host refused a datagram of that size. */
  onTooBig(now: number, datagramBytes: number): void {
    this.#mtu?.onTooBig(now, datagramBytes);
  }

  tick(now: number): void {
    if (this.#nextEcho !== undefined && now >= this.#nextEcho) {
      this.#nextEcho = now + this.#options.keepaliveMs;
      this.#options.send(this.#nextToken(), 0);
    }
    const mtu = this.#mtu;
    if (mtu === undefined) return;
    mtu.tick(now);
    for (let out = mtu.poll(); out !== undefined; out = mtu.poll()) {
      if (out.type === 'probe') this.#options.send(out.token, out.bytes);
      else this.#options.setPathMtu(out.bytes);
    }
  }

  nextTimeout(): number | undefined {
    const times = [this.#nextEcho, this.#mtu?.nextTimeout()].filter(time => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #nextToken(): number {
    this.#token = (this.#token + 1) % FIRST_MTU_TOKEN;
    return this.#token;
  }
}

/** Bytes of UDP payload that the path's first link takes. */
function largest(path: UnderlayPath): number {
  const next =
    path.kind === 'turn' && path.uplink.kind === 'udp' ? path.uplink.server : path.remote;
  return udpPayload(LINK_MTU, addressFamily(next.address), path.kind === 'turn');
}

/** Equal for paths that go the same way, whichever local address they leave from. */
function stretchOf(path: Path): string {
  switch (path.kind) {
    case 'direct':
      return `${path.remote.address}:${path.remote.port}`;
    case 'turn':
      return `turn ${JSON.stringify(path.uplink)} ${path.remote.address}:${path.remote.port}`;
    case 'overlay':
      return OVERLAY;
    default:
      return path satisfies never;
  }
}
