import { isIP, SocketAddress } from 'node:net';

/** Arithmetic on IP addresses and networks, as whole numbers of 32 or 128 bits. */

export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
  /** In the one form that the kernel and RFC 5952 write. */
  readonly text: string;
}

/** Addresses of one family from `first` to `last`, both included. */
export interface IpRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const bitsOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** Reads an address; undefined when it is anything else, or has a zone. */
export function parseAddress(text: string): IpAddress | undefined {
  const family = isIP(text);
  if ((family !== 4 && family !== 6) || text.includes('%')) return undefined;
  if (family === 4) {
    const value = text.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
    return { family, value, text };
  }
  const canonical = new SocketAddress({ address: text, family: 'ipv6' }).address;
  return { family, value: ipv6Value(canonical), text: canonical };
}

function ipv6Value(text: string): bigint {
  const plain = text.replace(/\d+\.\d+\.\d+\.\d+$/, quad => {
    const value = parseAddress(quad)?.value ?? 0n;
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].reduce(
    (sum, group) => sum * 65536n + BigInt(`0x${group}`),
    0n,
  );
}

/** The address of a number. */
export function addressAt(family: 4 | 6, value: bigint): IpAddress {
  const size = family === 4 ? 8n : 16n;
  const count = family === 4 ? 4 : 8;
  const parts = Array.from({ length: count }, (_, index) => {
    const part = (value >> (size * BigInt(count - 1 - index))) & ((1n << size) - 1n);
    return family === 4 ? part.toString() : part.toString(16);
  });
  if (family === 4) return { family, value, text: parts.join('.') };
  const text = new SocketAddress({ address: parts.join(':'), family: 'ipv6' }).address;
  return { family, value, text };
}

/** A network, or an address with the length of its network's prefix. */
export class Cidr {
  readonly address: IpAddress;
  readonly length: number;

  constructor(address: IpAddress, length: number) {
    this.address = address;
    this.length = length;
  }

  get family(): 4 | 6 {
    return this.address.family;
  }

  get hostBits(): bigint {
    return BigInt(bitsOf(this.family) - this.length);
  }

  /** First address of the network. */
  get first(): bigint {
    return (this.address.value >> this.hostBits) << this.hostBits;
  }

  /** Last address of the network; in IPv4 that of its broadcast. */
  get last(): bigint {
    return this.first + (1n << this.hostBits) - 1n;
  }

  /** The address that is so many after the first of the network. */
  at(offset: bigint): IpAddress {
    return addressAt(this.family, this.first + offset);
  }

  /** The network without host bits. */
  get network(): Cidr {
    return new Cidr(addressAt(this.family, this.first), this.length);
  }

  get text(): string {
    return `${this.address.text}/${this.length}`;
  }

  contains({ family, value }: Pick<IpAddress, 'family' | 'value'>): boolean {
    return family === this.family && value >= this.first && value <= this.last;
  }

  overlaps(other: Cidr): boolean {
    return other.family === this.family && other.first <= this.last && this.first <= other.last;
  }
}

/** Reads `10.244.1.2/24`; undefined when it is anything else. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = parseAddress(match?.[1] ?? '');
  const length = Number(match?.[2]);
  if (address === undefined || length > bitsOf(address.family)) return undefined;
  return new Cidr(address, length);
}
