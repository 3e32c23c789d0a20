import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { type CommandOptions, type CommandResult, run } from './command.ts';
import type { Namespace } from './namespace.ts';
import type { Network } from './network.ts';
import { PingStream } from './ping-stream.ts';
import type { Port, Site } from './site.ts';
import { UdpSocket } from './udp-socket.ts';

/** The outcome of {@link Host.ping}. */
export interface PingResult {
  readonly ok: boolean;
  /** From the call to the first reply; NaN without one. */
  readonly afterMs: number;
  /** Median of the replies; NaN without one. */
  readonly rttMs: number;
}

/** How {@link Host.ping} asks. */
export interface PingOptions {
  readonly timeoutMs?: number;
  readonly count?: number;
  readonly intervalMs?: number;
  readonly bytes?: number;
}

/** A machine of the lab: a namespace with one interface `eth0` in its site's LAN. */
export class Host {
  readonly name: string;
  readonly namespace: Namespace;
  #site: Site;
  #port: Port;
  /** Counts the addresses that it had in its /28: 1 to 14. */
  #turn = 1;

  constructor(name: string, namespace: Namespace, site: Site) {
    this.name = name;
    this.namespace = namespace;
    this.#site = site;
    this.#port = site.port();
    site.hosts.set(name, this);
  }

  get site(): Site {
    return this.#site;
  }

  /** Its IPv4 address in the site's LAN. */
  get address(): string {
    return `${this.#port.gateway.lan}.${this.#number}`;
  }

  /** Its IPv6 address; only where the site has IPv6. */
  get address6(): string {
    return `${this.#site.prefix6}::${this.#number.toString(16)}`;
  }

  /** Adds the host to the network that is about to be built. */
  plan(network: Network): void {
    network.cable({ namespace: this.namespace, interface: 'eth0' }, this.#farEnd());
    network.ip(this.namespace, ...this.#configureLines());
    network.ip(this.#port.gateway.namespace, ...this.#plugLines());
  }

  exec(argv: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return this.namespace.exec(argv, options);
  }

  spawn(argv: readonly string[], options?: SpawnOptions): ChildProcess {
    return this.namespace.spawn(argv, options);
  }

  /** Begins to ping an address every 20 ms, until disposed of. */
  pings(address: string, options?: { intervalMs?: number; bytes?: number }): PingStream {
    return new PingStream(this.namespace, address, options);
  }

  /** Pings every 20 ms until `count` (1) replies came, for at most `timeoutMs` (1,000). */
  async ping(
    address: string,
    { timeoutMs = 1000, count = 1, ...options }: PingOptions = {},
  ): Promise<PingResult> {
    await using pings = this.pings(address, options);
    const { startedAt, replies } = pings;
    await pings.count(count, timeoutMs);
    const rtts = replies.map(({ rttMs }) => rttMs).sort((a, b) => a - b);
    return {
      ok: replies.length >= count,
      afterMs: (replies[0]?.at ?? Number.NaN) - startedAt,
      rttMs: rtts[Math.floor(rtts.length / 2)] ?? Number.NaN,
    };
  }

  /** Opens a UDP socket on the host; with `echo` it answers `saw ADDRESS:PORT`. */
  udp(port?: number, options?: { echo?: boolean }): Promise<UdpSocket> {
    return UdpSocket.open(this.namespace, port, options);
  }

  /** Takes another address in the same LAN, as after a new DHCP lease; the old one goes first. */
  async changeAddress(): Promise<string> {
    const flush = ['address flush dev eth0 scope global'];
    this.#turn = (this.#turn % 14) + 1;
    await this.namespace.ip([...flush, ...this.#configureLines()]);
    return this.address;
  }

  /** Unplugs from its site and plugs into another one, as a laptop that changes networks. */
  async moveTo(site: Site): Promise<void> {
    await this.unplug();
    await this.plugInto(site);
  }

  /** Pulls the cable. */
  async unplug(): Promise<void> {
    await this.namespace.ip(['link del eth0']);
  }

  /** Puts a cable into a port of the site; there must be none plugged in. */
  async plugInto(site: Site): Promise<void> {
    this.#site.hosts.delete(this.name);
    this.#site = site;
    this.#port = site.port();
    site.hosts.set(this.name, this);
    const far = this.#farEnd();
    await run([
      ...['ip', 'link', 'add', 'name', 'eth0', 'netns', this.namespace.name, 'type', 'veth'],
      ...['peer', 'name', far.interface, 'netns', far.namespace.name],
    ]);
    await far.namespace.ip(this.#plugLines());
    await this.namespace.ip(this.#configureLines());
  }

  get #number(): number {
    return 16 * this.#port.slot + this.#turn;
  }

  #farEnd(): { namespace: Namespace; interface: string } {
    return { namespace: this.#port.gateway.namespace, interface: this.#port.interface };
  }

  #plugLines(): string[] {
    return [`link set ${this.#port.interface} master lan up`];
  }

  #configureLines(): string[] {
    const { spec, prefix6 } = this.#site;
    const lines = ['link set eth0 up'];
    if (spec.ipv4 !== false) {
      lines.push(
        `address add ${this.address}/24 dev eth0`,
        `route replace default via ${this.#port.gateway.lanAddress}`,
      );
    }
    if (spec.ipv6 !== undefined) {
      lines.push(
        `address add ${this.address6}/64 dev eth0 nodad`,
        `route replace default via ${prefix6}::fe`,
      );
    }
    return lines;
  }
}
