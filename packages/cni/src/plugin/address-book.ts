import { HostAllocator } from '../address/host-allocator.ts';
import { type IpAddress, parseAddress, parseCidr } from '../address/ip.ts';
import { CniError } from '../protocol/cni-error.ts';
import type { NetworkConfig } from '../protocol/network-config.ts';
import type { ResultIp, ResultRoute } from '../protocol/result.ts';

/** Addresses for one interface, with the routes that come with them. */
export interface Lease {
  readonly ips: readonly ResultIp[];
  readonly routes: readonly ResultRoute[];
}

/** What this node may hand out. */
export interface PodRanges {
  /** The whole pod network, one CIDR of each family. */
  readonly networks: readonly string[];
  /** This node's part of it, in the same order. */
  readonly ranges: readonly string[];
}

/**
 * The addresses of this node's pods that the agent hands out itself: one of each family, with the prefix
 * length of the whole pod network, since all of that is one link.
 */
export class AddressBook {
  #allocators: HostAllocator[] = [];
  #networks: readonly string[] = [];
  /** Addresses in use, of this and former ranges. */
  readonly #held = new Map<string, IpAddress>();
  readonly #start: number;

  /** `start`: at which of a range's addresses it begins; after a restart best at another than before. */
  constructor(start = 0) {
    this.#start = start;
  }

  /** Takes addresses as used, as they are found after a restart. */
  hold(addresses: readonly string[]): void {
    for (const text of addresses) {
      const address = parseCidr(text)?.address;
      if (address === undefined) continue;
      this.#held.set(address.text, address);
      for (const allocator of this.#allocators) allocator.takeOne(address);
    }
  }

  /** From now on addresses come from these ranges; those in use stay so. */
  use({ networks, ranges }: PodRanges): void {
    if (ranges.join() === this.ranges.join() && networks.join() === this.#networks.join()) return;
    this.#networks = networks;
    this.#allocators = ranges.flatMap(range => {
      const cidr = parseCidr(range);
      return cidr === undefined ? [] : [new HostAllocator(cidr, this.#start)];
    });
    for (const address of this.#held.values()) {
      for (const allocator of this.#allocators) allocator.takeOne(address);
    }
  }

  get ranges(): string[] {
    return this.#allocators.map(({ range }) => range.text);
  }

  /** Addresses that pods can have, and those that they have. */
  get usage(): { readonly size: number; readonly taken: number } {
    const [first] = this.#allocators;
    return { size: first?.size ?? 0, taken: first?.taken ?? 0 };
  }

  /** @throws CniError code 7 for addresses that pods of this node cannot have, 11 when none is left. */
  take(config: NetworkConfig, wanted: readonly string[]): Lease {
    const taken: IpAddress[] = [];
    try {
      const ips = this.#allocators.map((allocator, index): ResultIp => {
        const address = this.#one(allocator, config, wanted);
        taken.push(address);
        const length = parseCidr(this.#networks[index] ?? '')?.length ?? allocator.range.length;
        return {
          address: `${address.text}/${length}`,
          ...(config.isGateway && { gateway: allocator.gateway.text }),
        };
      });
      this.hold(ips.map(({ address }) => address));
      return { ips, routes: [] };
    } catch (error) {
      for (const address of taken) this.#release(address);
      throw error;
    }
  }

  /** Gives addresses back. */
  release(addresses: readonly string[]): void {
    for (const text of addresses) {
      const address = parseCidr(text)?.address;
      if (address !== undefined) this.#release(address);
    }
  }

  #release(address: IpAddress): void {
    this.#held.delete(address.text);
    for (const allocator of this.#allocators) allocator.release(address);
  }

  #one(allocator: HostAllocator, config: NetworkConfig, wanted: readonly string[]): IpAddress {
    const asked = wanted
      .map(parseAddress)
      .find(address => address?.family === allocator.range.family);
    if (asked !== undefined) {
      if (allocator.takeOne(asked)) return asked;
      throw new CniError(
        'invalidNetworkConfig',
        `runtimeConfig.ips: ${asked.text} is taken, or is no address for pods of ${allocator.range.text}`,
      );
    }
    const { ipRanges } = config.runtime;
    const limits =
      ipRanges.find(set => set.some(({ family }) => family === allocator.range.family)) ?? [];
    const address = allocator.take(limits);
    if (address !== undefined) return address;
    const among = limits.length > 0 ? ' among runtimeConfig.ipRanges' : '';
    throw new CniError('tryAgainLater', `no address is left in ${allocator.range.text}${among}`);
  }
}
