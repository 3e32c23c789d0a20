import { EvioError } from '@evio/types';
import { addressAt, Cidr, parseCidr } from './ip.ts';

/** More parts than a cluster has nodes; fewer than a table would suffer from. */
const MOST_NODE_BITS = 16;

/**
 * How a pod network is divided among nodes: `nodeBits` bits after the network's prefix count the
 * parts, so that 10.244.0.0/16 with 8 bits has 256 parts, 10.244.0.0/24 to 10.244.255.0/24. With two
 * families a part is one range of each.
 *
 * @example
 * const layout = new PodLayout(['10.244.0.0/16', 'fd00:244::/48'], 8);
 * layout.rangesOf(3); // ['10.244.3.0/24', 'fd00:244:0:300::/56']
 */
export class PodLayout {
  readonly networks: readonly Cidr[];
  readonly nodeBits: number;

  /** @throws EvioError `POD_NETWORK_INVALID` when that is no way to divide it. */
  constructor(podCidr: readonly string[], nodeBits: number) {
    this.networks = podCidr.map(text => {
      const network = parseCidr(text)?.network;
      if (network === undefined)
        throw invalid(`expected networks like 10.244.0.0/16, got "${text}"`);
      // Two bits for hosts: network, gateway, a pod, broadcast.
      if (BigInt(nodeBits) + 2n > network.hostBits) {
        throw invalid(`${text} has no room for ${nodeBits} bits of nodes and 2 bits of pods`);
      }
      return network;
    });
    const families = new Set(this.networks.map(({ family }) => family));
    if (families.size === 0 || families.size !== this.networks.length) {
      throw invalid('expected one network of each family at most');
    }
    if (!Number.isInteger(nodeBits) || nodeBits < 0 || nodeBits > MOST_NODE_BITS) {
      throw invalid(`expected 0 to ${MOST_NODE_BITS} bits of nodes, got ${nodeBits}`);
    }
    this.nodeBits = nodeBits;
  }

  /** How many parts there are. */
  get count(): number {
    return 2 ** this.nodeBits;
  }

  /** The ranges of a part, in the order of the networks. */
  rangesOf(index: number): string[] {
    return this.networks.map(network => {
      const length = network.length + this.nodeBits;
      const step = 1n << (network.hostBits - BigInt(this.nodeBits));
      const first = network.first + BigInt(index) * step;
      return new Cidr(addressAt(network.family, first), length).text;
    });
  }

  /** The part that a range is the first of; undefined for a range of another division. */
  indexOf(range: string): number | undefined {
    const [network] = this.networks;
    const cidr = parseCidr(range);
    if (network === undefined || cidr === undefined || !network.contains(cidr.address))
      return undefined;
    const index = Number((cidr.first - network.first) >> cidr.hostBits);
    return this.rangesOf(index)[0] === range ? index : undefined;
  }
}

function invalid(message: string): EvioError {
  return new EvioError('POD_NETWORK_INVALID', `pod network: ${message}`);
}
