import { type Cidr, parseCidr } from '../address/ip.ts';
import type { PodInterface } from '../network/attach-plan.ts';
import { derivedMac, hostInterfaceName } from '../network/names.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { CniError } from '../protocol/cni-error.ts';
import { wrong } from '../protocol/fields.ts';
import type { AttachmentId, Invocation } from '../protocol/invocation.ts';
import { type NetworkConfig, unicastMac } from '../protocol/network-config.ts';
import type { CniResult, ResultRoute } from '../protocol/result.ts';
import { AddressBook, type Lease, type PodRanges } from './address-book.ts';
import type { Attachment } from './attachment.ts';
import type { AttachmentStore } from './attachment-store.ts';
import type { Delegate } from './delegate.ts';

export interface PodAttachmentsOptions {
  /** Bridge that pods attach to; the overlay's TAP is a port of it. */
  readonly bridge: string;
  /** The overlay's, in bytes. */
  readonly mtu: number;
  /** @returns what this node may hand out now, or why it has nothing yet. */
  readonly ranges: () => PodRanges | { readonly missing: string };
  readonly network: PodNetwork;
  readonly store: AttachmentStore;
  readonly delegate: Delegate;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /**
   * Which of the range's addresses is handed out first. Random: who was restarted does not know which were
   * given back just now, and peers may still send to their former pods.
   */
  readonly firstAddress: number;
}

/**
 * The interfaces of this node's pods: makes them, takes them away, and knows which there are.
 *
 * ADD goes: addresses → record on disk (`adding`) → bridge, masquerading, veth, addresses and routes in
 * the pod → record (`ready`). What fails in between is undone in reverse; what a crash leaves is an
 * `adding` record, which the next ADD, DEL or {@link sweep} clears away.
 */
export class PodAttachments {
  readonly #options: PodAttachmentsOptions;
  readonly #book: AddressBook;

  constructor(options: PodAttachmentsOptions) {
    this.#options = options;
    this.#book = new AddressBook(options.firstAddress);
    this.#useRanges();
    for (const { addresses, ipam } of options.store.all()) {
      if (ipam === undefined) this.#book.hold(addresses);
    }
  }

  /** Of all networks. */
  all(): readonly Attachment[] {
    return this.#options.store.all();
  }

  get usage(): { readonly size: number; readonly taken: number } {
    return this.#book.usage;
  }

  /** @throws CniError code 50 when no pod can be added now. */
  expectReady(config: NetworkConfig): void {
    const missing = config.ipam === undefined ? this.#useRanges() : undefined;
    if (missing !== undefined) throw new CniError('notAvailable', missing);
    const { size, taken } = this.usage;
    if (config.ipam === undefined && taken >= size) {
      throw new CniError('notAvailable', `all ${size} addresses of this node's pods are taken`);
    }
  }

  /** @throws CniError; then nothing is left of it. */
  async add(invocation: Invocation, config: NetworkConfig): Promise<CniResult> {
    const { store, network, bridge, wallClock } = this.#options;
    const { id, netns } = expectContainer(invocation);
    const mtu = this.#mtuOf(config);
    if (!network.isNamespace(netns)) {
      throw new CniError('unknownContainer', `CNI_NETNS: ${netns} is no network namespace`);
    }
    const former = store.get(id);
    if (former?.state === 'ready') {
      throw new CniError(
        'invalidEnvironment',
        `${id.ifName} of ${id.containerId} was added already`,
      );
    }
    if (former !== undefined) await this.#clear(former, invocation, config);

    const wantedMac = invocation.args.get('MAC');
    const mac =
      config.runtime.mac ??
      (wantedMac === undefined
        ? derivedMac(id.containerId, id.ifName)
        : unicastMac('CNI_ARGS.MAC', wantedMac));
    const lease = await this.#lease(invocation, config);
    const pod = podName(invocation);
    const attachment: Attachment = {
      ...id,
      state: 'adding',
      network: config.name,
      netns,
      hostIf: hostInterfaceName(id),
      mac,
      addresses: lease.ips.map(({ address }) => address),
      ...(config.ipam !== undefined && { ipam: config.ipam }),
      ...(pod !== undefined && { pod }),
      since: new Date(wallClock()).toISOString(),
    };
    try {
      store.put(attachment);
      const gateways = config.isGateway ? gatewaysOf(lease) : [];
      await network.ensureBridge({ name: bridge, mtu: this.#options.mtu, gateways });
      if (config.ipMasq) await this.#masquerade(config, lease);
      const routes = this.#routes(config, lease);
      const { hairpinMode: hairpin, runtime } = config;
      const made: PodInterface = {
        ifName: id.ifName,
        netns,
        hostIf: attachment.hostIf,
        bridge,
        mtu,
        mac,
        hostMac: derivedMac('host', id.containerId, id.ifName),
        addresses: attachment.addresses,
        routes: [...this.#linkRoutes(lease), ...routes],
        hairpin,
        ...(runtime.ingress && { ingress: runtime.ingress }),
        ...(runtime.egress && { egress: runtime.egress }),
      };
      await network.attach(made);
      store.put({ ...attachment, state: 'ready' });
      return this.#result(made, lease, routes, config);
    } catch (error) {
      // The error that counts is the first one; what cannot be undone now, DEL or a sweep undoes.
      await this.#clear(attachment, invocation, config).catch(() => undefined);
      throw error;
    }
  }

  /** Succeeds for what is not there (any more), as the specification asks. */
  async remove(invocation: Invocation, config: NetworkConfig): Promise<void> {
    const { id } = invocation;
    if (id === undefined) throw new CniError('invalidEnvironment', 'DEL needs a container');
    const { store, network } = this.#options;
    const attachment = store.get(id);
    if (attachment !== undefined) return this.#clear(attachment, invocation, config);
    await network.detach([hostInterfaceName(id)]);
    if (config.ipam !== undefined)
      await this.#options.delegate(config.ipam, 'DEL', config, invocation);
  }

  /** @throws CniError code 101 with what differs from what ADD made. */
  async check(invocation: Invocation, config: NetworkConfig): Promise<void> {
    const { id, netns } = expectContainer(invocation);
    const { store, network, bridge } = this.#options;
    const attachment = store.get(id);
    if (!network.isNamespace(netns)) {
      throw new CniError('unknownContainer', `CNI_NETNS: ${netns} is no network namespace`);
    }
    if (attachment?.state !== 'ready') {
      throw new CniError('unknownContainer', `${id.ifName} of ${id.containerId} was never added`);
    }
    if (config.prevResult === undefined) throw wrong('prevResult', 'the result of ADD', undefined);
    const found = await network.observe({ ...id, netns, hostIf: attachment.hostIf });
    const changed = (what: string) => {
      throw new CniError('attachmentChanged', `${id.ifName} of ${id.containerId}: ${what}`);
    };
    if (found.inside === undefined) return changed('the interface is gone');
    if (found.bridge !== bridge) return changed(`its other end is no port of ${bridge}`);
    const { mac, addresses, up } = found.inside;
    if (!up) changed('it is down');
    if (mac !== attachment.mac) changed(`expected MAC ${attachment.mac}, got ${mac}`);
    const wanted = [
      ...attachment.addresses,
      ...config.prevResult.ips
        .filter(ip => interfaceOf(config.prevResult, ip.interface) === id.ifName)
        .map(({ address }) => address),
    ];
    const missing = wanted.find(cidr => !addresses.some(each => sameCidr(each, cidr)));
    if (missing !== undefined) changed(`it has lost ${missing}`);
    if (config.ipam !== undefined)
      await this.#options.delegate(config.ipam, 'CHECK', config, invocation);
  }

  /** Removes the attachments of a network that are not among `valid`. @throws CniError after trying all. */
  async keepOnly(
    valid: readonly AttachmentId[],
    invocation: Pick<Invocation, 'path' | 'args'>,
    config: NetworkConfig,
  ): Promise<void> {
    const keep = new Set(valid.map(({ containerId, ifName }) => `${containerId}\0${ifName}`));
    const stale = this.#options.store
      .all()
      .filter(
        each => each.network === config.name && !keep.has(`${each.containerId}\0${each.ifName}`),
      );
    const errors: unknown[] = [];
    for (const attachment of stale) {
      await this.#clear(attachment, invocation, config).catch((error: unknown) =>
        errors.push(error),
      );
    }
    if (config.ipam !== undefined) {
      await this.#options
        .delegate(config.ipam, 'GC', config, invocation)
        .catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }

  /**
   * Clears away what no runtime will ask for any more: attachments whose namespace is gone (the host was
   * restarted) or that were never finished, and interfaces on the host that belong to none.
   *
   * @returns the names of the interfaces on the host.
   */
  async sweep(): Promise<readonly string[]> {
    const { store, network } = this.#options;
    const stale = store
      .all()
      .filter(({ state, netns }) => state === 'adding' || !network.isNamespace(netns));
    // What a delegated plugin handed out, it takes back by its own GC; the configuration is not here.
    for (const attachment of stale) this.#forget(attachment);
    const owned = new Set(store.all().map(({ hostIf }) => hostIf));
    const left = (await network.hostInterfaces()).filter(name => !owned.has(name));
    await network.detach(left);
    return [...new Set([...stale.map(({ hostIf }) => hostIf), ...left])];
  }

  async #clear(
    attachment: Attachment,
    invocation: Pick<Invocation, 'path' | 'args'> & { readonly netns?: string },
    config: NetworkConfig,
  ): Promise<void> {
    const { containerId, ifName, hostIf, ipam } = attachment;
    await this.#options.network.detach([hostIf]);
    if (ipam !== undefined) {
      await this.#options.delegate(ipam, 'DEL', config, {
        ...invocation,
        id: { containerId, ifName },
      });
    }
    this.#forget(attachment);
  }

  #forget(attachment: Attachment): void {
    this.#options.store.remove(attachment);
    if (attachment.ipam === undefined) this.#book.release(attachment.addresses);
  }

  async #lease(invocation: Invocation, config: NetworkConfig): Promise<Lease> {
    if (config.ipam !== undefined) {
      const result = await this.#options.delegate(config.ipam, 'ADD', config, invocation);
      if (result === undefined || result.ips.length === 0) {
        throw new CniError('delegateFailure', `${config.ipam} gave no address`);
      }
      return {
        ips: config.isGateway ? result.ips.map(withGateway) : result.ips,
        routes: result.routes,
      };
    }
    const missing = this.#useRanges();
    if (missing !== undefined) throw new CniError('tryAgainLater', missing);
    const asked = invocation.args.get('IP');
    return this.#book.take(config, [
      ...config.runtime.ips,
      ...(asked === undefined ? [] : [asked]),
    ]);
  }

  /** Takes over the ranges that this node has now. @returns why it has none. */
  #useRanges(): string | undefined {
    const ranges = this.#options.ranges();
    if ('missing' in ranges) return ranges.missing;
    this.#book.use(ranges);
    return undefined;
  }

  /** Networks in which addresses stay as they are: those of the configuration, and of the lease. */
  #masquerade(config: NetworkConfig, lease: Lease): Promise<void> {
    const ranges = this.#options.ranges();
    const delegated = networksOf(lease).map(({ text }) => text);
    const known = 'missing' in ranges ? { networks: [], ranges: [] } : ranges;
    const pods = config.ipam === undefined ? known.ranges : delegated;
    const within =
      config.ipam === undefined ? known.networks : [...new Set([...known.networks, ...delegated])];
    return this.#options.network.masquerade(config.name, pods, disjoint(within));
  }

  /** Routes that the result tells: those of the lease, and the default routes. */
  #routes(config: NetworkConfig, lease: Lease): readonly ResultRoute[] {
    if (!config.isDefaultGateway) return lease.routes.map(route => withNextHop(route, lease));
    const defaults = lease.ips.flatMap(({ address, gateway }): ResultRoute[] => {
      const dst = address.includes(':') ? '::/0' : '0.0.0.0/0';
      return gateway === undefined ? [] : [{ dst, gw: gateway }];
    });
    const others = lease.routes.filter(({ dst }) => !defaults.some(route => route.dst === dst));
    return [...others.map(route => withNextHop(route, lease)), ...defaults];
  }

  /** The whole pod network is one link, also for pods whose address came with a narrower prefix. */
  #linkRoutes(lease: Lease): readonly ResultRoute[] {
    const ranges = this.#options.ranges();
    if ('missing' in ranges) return [];
    return ranges.networks.flatMap(text => {
      const network = parseCidr(text);
      const narrower = networksOf(lease).some(
        each => network?.contains(each.address) && each.length > network.length,
      );
      return narrower ? [{ dst: text }] : [];
    });
  }

  #mtuOf(config: NetworkConfig): number {
    const { mtu = this.#options.mtu } = config;
    if (mtu > this.#options.mtu) {
      throw wrong('mtu', `at most the overlay's ${this.#options.mtu}`, mtu);
    }
    return mtu;
  }

  #result(
    made: PodInterface,
    lease: Lease,
    routes: readonly ResultRoute[],
    config: NetworkConfig,
  ): CniResult {
    const { bridge, hostIf, hostMac, ifName, mac, mtu, netns } = made;
    const before = config.prevResult;
    const first = before?.interfaces.length ?? 0;
    return {
      interfaces: [
        ...(before?.interfaces ?? []),
        { name: bridge, mac: this.#options.network.bridgeMac(bridge), mtu: this.#options.mtu },
        { name: hostIf, mac: hostMac, mtu },
        { name: ifName, mac, mtu, sandbox: netns },
      ],
      ips: [...(before?.ips ?? []), ...lease.ips.map(ip => ({ ...ip, interface: first + 2 }))],
      routes: [...(before?.routes ?? []), ...routes],
      dns: config.dns.nameservers.length > 0 ? config.dns : (before?.dns ?? config.dns),
    };
  }
}

function expectContainer({ id, netns, command }: Invocation): { id: AttachmentId; netns: string } {
  if (id !== undefined && netns !== undefined) return { id, netns };
  throw new CniError('invalidEnvironment', `${command} needs a container and its namespace`);
}

/** `namespace/name`, as kubelet's runtimes tell it. */
function podName({ args }: Invocation): string | undefined {
  const name = args.get('K8S_POD_NAME');
  return name === undefined ? undefined : `${args.get('K8S_POD_NAMESPACE') ?? 'default'}/${name}`;
}

/** As the `bridge` plugin: the first address of the subnet, if the IPAM plugin names none. */
function withGateway(ip: Lease['ips'][number]): Lease['ips'][number] {
  const cidr = parseCidr(ip.address);
  if (ip.gateway !== undefined || cidr === undefined) return ip;
  return { ...ip, gateway: cidr.at(1n).text };
}

/** A route of an IPAM plugin without a next hop goes by the gateway of its family. */
function withNextHop(route: ResultRoute, lease: Lease): ResultRoute {
  if (route.gw !== undefined) return route;
  const v6 = route.dst.includes(':');
  const gateway = lease.ips.find(({ address }) => address.includes(':') === v6)?.gateway;
  return gateway === undefined ? route : { ...route, gw: gateway };
}

function gatewaysOf(lease: Lease): string[] {
  return lease.ips.flatMap(({ address, gateway }) =>
    gateway === undefined ? [] : [`${gateway}/${address.split('/')[1]}`],
  );
}

function networksOf(lease: Lease): Cidr[] {
  return lease.ips.flatMap(({ address }) => parseCidr(address)?.network ?? []);
}

/** Without networks that lie in others: an nftables set takes no overlaps. */
function disjoint(networks: readonly string[]): string[] {
  const cidrs = networks.flatMap(text => parseCidr(text) ?? []);
  return cidrs
    .filter(
      each =>
        !cidrs.some(other => other !== each && other.overlaps(each) && other.length < each.length),
    )
    .map(({ text }) => text);
}

function interfaceOf(result: CniResult | undefined, index: number | undefined): string | undefined {
  return index === undefined ? undefined : result?.interfaces[index]?.name;
}

function sameCidr(a: string, b: string): boolean {
  return parseCidr(a)?.text === parseCidr(b)?.text;
}
