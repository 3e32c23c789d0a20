import { type Endpoint, EvioError, type Mac, type NodeId, parseMac } from '@evio/types';
import { type Observable, Subject } from 'rxjs';
import { COUNTER_NAMES, type CounterName } from './counter-names.ts';
import { loadAddon, type NativeDatapath, type NativeEvent } from './native.ts';
import type {
  DatapathEvent,
  FloodNeighbour,
  MacEntry,
  OverlayHandle,
  Path,
  PeerCounters,
  PeerHandle,
  RoutePoint,
  SessionKeys,
  StreamHandle,
  Uplink,
  Via,
} from './types.ts';

/** MAC of a device as the addon takes it. */
function macNumber(mac: Mac): number {
  return Number.parseInt(mac.replaceAll(':', ''), 16);
}

function macText(mac: number): Mac {
  const hex = mac.toString(16).padStart(12, '0');
  return parseMac(hex.replace(/..(?!$)/g, '$&:'));
}

/** Runs a call of the addon; what it throws has a code and becomes an EvioError. */
function call<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
      throw new EvioError(error.code, error.message);
    }
    throw error;
  }
}

function owner(peer: number): PeerHandle | 'local' {
  return peer === 0 ? 'local' : (peer as PeerHandle);
}

function shape(event: NativeEvent): DatapathEvent {
  if (event.type === 'loop') {
    return {
      type: 'loop',
      overlay: event.overlay as OverlayHandle,
      mac: parseMac(event.mac),
      peer: event.peer as PeerHandle,
    };
  }
  if (event.type !== 'mac') return event;
  return {
    type: 'mac',
    overlay: event.overlay as OverlayHandle,
    mac: parseMac(event.mac),
    owner: owner(event.owner),
  };
}

/**
 * The datapath of this process: TAPs, sockets, sessions, and the threads between them. One is enough
 * for all overlays, and it keeps the process alive until it is closed.
 *
 * No method waits for the network or for a thread; what goes wrong on the way is counted.
 * All methods throw EvioError `DATAPATH_CLOSED` after `close`.
 */
export class Datapath {
  /** All events, in their order; emits on the event loop, never within a call of this class. */
  readonly events: Observable<DatapathEvent>;
  /** The UDP port for IPv4, and for IPv6; mostly the same. */
  readonly port4?: number;
  readonly port6?: number;
  /** Whether this CPU seals AES-GCM in hardware. */
  readonly aesHardware: boolean;

  readonly #native: NativeDatapath;
  readonly #events = new Subject<DatapathEvent>();

  private constructor(port: number, ipv6: boolean) {
    const { NativeDatapath: Native } = loadAddon();
    this.#native = call(() => new Native(port, ipv6, () => this.#drain()));
    const { port4, port6, aesHardware } = this.#native.ports();
    if (port4 !== 0) this.port4 = port4;
    if (port6 !== 0) this.port6 = port6;
    this.aesHardware = aesHardware;
    this.events = this.#events.asObservable();
  }

  /**
   * Opens the sockets and starts the receiving thread.
   *
   * @param options.port the UDP port; 0 or absent: any free one, the same for both families when that
   *   can be.
   * @param options.ipv6 false: IPv4 only. Default true; a host without IPv6 gets IPv4 only.
   * @throws EvioError `SOCKET_FAILED` when the port is taken, `ADDON_MISSING` when the addon is not built.
   */
  static open(options: { readonly port?: number; readonly ipv6?: boolean } = {}): Datapath {
    return new Datapath(options.port ?? 0, options.ipv6 ?? true);
  }

  /**
   * Sends a raw datagram (STUN, handshake), or on a stream one STUN message. Never blocks; network
   * errors are counted.
   *
   * @throws EvioError `ENDPOINT_INVALID` when an address in `via` is not one.
   */
  send(bytes: Uint8Array, via: Via): void {
    call(() => this.#native.send(bytes, via));
  }

  /**
   * Connects to a TURN server by TCP or TLS. An event `stream` tells how it went.
   *
   * @param options.tls.serverName the name the certificate must have
   * @param options.tls.ca PEM certificates to trust; absent: the system's
   * @param options.tls.insecure true: any certificate will do
   * @throws EvioError `ENDPOINT_INVALID`, or `TLS_INVALID` when `ca` cannot be read.
   */
  openStream(options: {
    readonly remote: Endpoint;
    readonly tls?: {
      readonly serverName: string;
      readonly ca?: string;
      readonly insecure?: boolean;
    };
  }): StreamHandle {
    return call(() => this.#native.openStream(options.remote, options.tls)) as StreamHandle;
  }

  /** Closes a stream without an event. */
  closeStream(stream: StreamHandle): void {
    call(() => this.#native.closeStream(stream));
  }

  /** From now on ChannelData with this number on this uplink is taken as coming from `remote`. */
  bindChannel(uplink: Uplink, channel: number, remote: Endpoint): void {
    call(() => this.#native.bindChannel(uplink, channel, remote));
  }

  /** Takes back `bindChannel`. */
  unbindChannel(uplink: Uplink, channel: number): void {
    call(() => this.#native.unbindChannel(uplink, channel));
  }

  /**
   * Opens a TAP device, making it if there is none, and starts its thread. The device is persistent;
   * bringing it up and giving it addresses is the caller's work.
   *
   * @param options.mtu of the device, in bytes
   * @param options.mac absent: the device keeps the one it has
   * @param options.id this node's in the overlay
   * @param options.carries false: a leaf, that passes on nothing for others. Default true.
   * @throws EvioError `TAP_FAILED` with the kernel's reason, `NODE_ID_INVALID`.
   */
  openTap(options: {
    readonly name: string;
    readonly mtu: number;
    readonly mac?: Mac;
    readonly id: NodeId;
    readonly carries?: boolean;
  }): {
    overlay: OverlayHandle;
    name: string;
    mac: Mac;
  } {
    const { name, mtu, id, carries = true } = options;
    const mac = options.mac === undefined ? undefined : macNumber(options.mac);
    const opened = call(() => this.#native.openTap(name, mtu, mac, id, carries));
    return {
      overlay: opened.overlay as OverlayHandle,
      name: opened.name,
      mac: macText(opened.mac),
    };
  }

  /** Stops an overlay and removes its peers and sessions; the device stays. */
  closeTap(overlay: OverlayHandle): void {
    call(() => this.#native.closeTap(overlay));
  }

  /**
   * Changes whether this node carries what is for others; a leaf does not.
   *
   * @throws EvioError `OVERLAY_UNKNOWN`.
   */
  setCarries(overlay: OverlayHandle, carries: boolean): void {
    call(() => this.#native.setCarries(overlay, carries));
  }

  /**
   * Replaces the route table, by which datagrams find their way to peers with an overlay path, and
   * those of others through this node.
   *
   * @param points all nodes within two hops. Next hops must be peers with a direct or TURN path, and
   *   added before; set the table again when that changes.
   * @throws EvioError `OVERLAY_UNKNOWN`, `NODE_ID_INVALID`.
   */
  setRoutes(overlay: OverlayHandle, points: readonly RoutePoint[]): void {
    call(() => this.#native.setRoutes(overlay, points));
  }

  /**
   * Replaces the neighbours among which broadcast, multicast and unknown unicast are divided, so that
   * every member gets one copy. Until it is called for the first time, such frames go straight to every
   * peer that has a link (a full mesh).
   *
   * @param neighbours in any order; as for `setRoutes`
   * @param lost those whose links died since the last call: what they were to pass on in the last 10 s
   *   goes another way. New neighbours get what they missed in any case.
   * @throws EvioError `OVERLAY_UNKNOWN`, `NODE_ID_INVALID`.
   */
  setNeighbours(
    overlay: OverlayHandle,
    neighbours: readonly FloodNeighbour[],
    lost: readonly NodeId[] = [],
  ): void {
    call(() => this.#native.setNeighbours(overlay, neighbours, lost));
  }

  /**
   * Adds a node that frames may go to. It costs little while it has no path and no session.
   *
   * @throws EvioError `OVERLAY_UNKNOWN`, `NODE_ID_INVALID`, `PEER_REFUSED` when the node is a peer
   *   already.
   */
  addPeer(overlay: OverlayHandle, id: NodeId): PeerHandle {
    return call(() => this.#native.addPeer(overlay, id)) as PeerHandle;
  }

  /** Removes a peer with its sessions, waiting frames and learned addresses. */
  removePeer(peer: PeerHandle): void {
    call(() => this.#native.removePeer(peer));
  }

  /**
   * Sets how datagrams reach a peer. Frames that waited go out, if there is a session. Between an
   * overlay path and another, the path MTU goes back to the default.
   *
   * @throws EvioError `PEER_UNKNOWN`, `ENDPOINT_INVALID`.
   */
  setPath(peer: PeerHandle, path: Path | undefined): void {
    call(() => this.#native.setPath(peer, path));
  }

  /**
   * Sets the largest UDP payload that the path carries, ChannelData header included; at least 548 bytes
   * (IPv4's 576), 1,200 before it is set. What does not fit is fragmented. On an overlay path it is the
   * datagram inside the forward records: 1,100 before it is set, at least 468.
   *
   * @throws EvioError `PEER_UNKNOWN`.
   */
  setPathMtu(peer: PeerHandle, bytes: number): void {
    call(() => this.#native.setPathMtu(peer, bytes));
  }

  /**
   * Installs the keys of a handshake. Receiving works at once, and as long as they are not removed.
   *
   * @throws EvioError `SESSION_REFUSED` when the peer is gone, the index taken or a key not 32 bytes.
   */
  addSession(peer: PeerHandle, session: SessionKeys): void {
    call(() => this.#native.addSession(peer, session));
  }

  /** Removes keys; does nothing when they are gone. */
  removeSession(localIndex: number): void {
    call(() => this.#native.removeSession(localIndex));
  }

  /** Sends a message to the peer's TypeScript, sealed; at most 32 KiB. It may be lost. */
  sendControl(peer: PeerHandle, bytes: Uint8Array): void {
    call(() => this.#native.sendControl(peer, bytes));
  }

  /**
   * Sends an echo request, padded so that its UDP payload has `datagramBytes` (ChannelData header
   * included); 0: as small as can be. It is never fragmented. The reply comes as an event `echo`.
   *
   * @param token u32 that the reply carries
   */
  probe(peer: PeerHandle, token: number, datagramBytes: number): void {
    call(() => this.#native.probe(peer, token, datagramBytes));
  }

  /**
   * Notes that a MAC lives behind a peer, before any frame of it has come; it counts until the MAC is seen
   * elsewhere or the peer is removed.
   */
  learn(overlay: OverlayHandle, mac: Mac, peer: PeerHandle): void {
    call(() => this.#native.learn(overlay, macNumber(mac), peer));
  }

  /**
   * Notes which MAC a peer's address has, from its node record: then ARP requests and neighbour
   * solicitations of this host are answered here. Frames do not overrule it. Not for our own addresses.
   *
   * @throws EvioError `OVERLAY_UNKNOWN`, `ENDPOINT_INVALID` when `ip` is no address.
   */
  learnAddress(overlay: OverlayHandle, ip: string, mac: Mac): void {
    call(() => this.#native.learnAddress(overlay, ip, macNumber(mac)));
  }

  /** Takes back `learnAddress`. */
  forgetAddress(overlay: OverlayHandle, ip: string): void {
    call(() => this.#native.learnAddress(overlay, ip, undefined));
  }

  /** All counters since the start. */
  counters(): Record<CounterName, number> {
    const counted = call(() => this.#native.counters());
    const entries = COUNTER_NAMES.map(name => [name, counted[name] ?? 0] as const);
    return Object.fromEntries(entries) as Record<CounterName, number>;
  }

  /** @throws EvioError `PEER_UNKNOWN`. */
  peerCounters(peer: PeerHandle): PeerCounters {
    return call(() => this.#native.peerCounters(peer));
  }

  /** All MACs heard of in the last 300 s. */
  macTable(overlay: OverlayHandle): MacEntry[] {
    return call(() => this.#native.macTable(overlay)).map(row => ({
      mac: macText(row.mac),
      owner: owner(row.owner),
      ageSeconds: row.ageSeconds,
    }));
  }

  /** Stops the threads, closes everything and completes `events`. TAP devices stay. */
  close(): void {
    this.#native.close();
    this.#events.complete();
  }

  #drain(): void {
    for (const event of this.#native.drain()) this.#events.next(shape(event));
  }
}
