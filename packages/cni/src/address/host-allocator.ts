import { addressAt, type Cidr, type IpAddress, type IpRange } from './ip.ts';

/**
 * Hands out the addresses of one range of this node. It goes round, so that an address that was just
 * given back is the last to be taken again: peers may still send to its former pod.
 *
 * The first address of the range is the gateway's; the first and the last number of an IPv4 range are
 * left out, since many programs take them for those of a network.
 */
export class HostAllocator {
  readonly range: Cidr;
  readonly gateway: IpAddress;
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #taken = new Set<bigint>();
  #next: bigint;

  /** `start`: how many addresses are passed over at first. */
  constructor(range: Cidr, start = 0) {
    this.range = range;
    this.gateway = addressAt(range.family, range.first + 1n);
    this.#first = range.first + 2n;
    this.#last = range.family === 4 ? range.last - 1n : range.last;
    this.#next = this.#first + (BigInt(start) % (this.#last - this.#first + 1n));
  }

  get taken(): number {
    return this.#taken.size;
  }

  /** How many there are, taken or not. */
  get size(): number {
    const size = this.#last - this.#first + 1n;
    return Number(size > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : size);
  }

  /** The next free address, within `limits` if there are any; undefined when none is left. */
  take(limits: readonly IpRange[] = []): IpAddress | undefined {
    const own = limits.filter(({ family }) => family === this.range.family);
    if (limits.length > 0) {
      for (const { first, last } of own) {
        const found = this.#takeBetween(max(first, this.#first), min(last, this.#last));
        if (found !== undefined) return found;
      }
      return undefined;
    }
    return this.#takeBetween(this.#first, this.#last);
  }

  /** Takes this very address; false when somebody has it, or it is none that pods get. */
  takeOne({ family, value }: IpAddress): boolean {
    if (family !== this.range.family || value < this.#first || value > this.#last) return false;
    if (this.#taken.has(value)) return false;
    this.#taken.add(value);
    return true;
  }

  release({ family, value }: IpAddress): void {
    if (family === this.range.family) this.#taken.delete(value);
  }

  #takeBetween(first: bigint, last: bigint): IpAddress | undefined {
    if (last < first) return undefined;
    let value = this.#next >= first && this.#next <= last ? this.#next : first;
    // One more than are taken are enough to meet a free one.
    for (let tries = 0; tries <= this.#taken.size; tries++) {
      if (!this.#taken.has(value)) {
        this.#taken.add(value);
        this.#next = value === this.#last ? this.#first : value + 1n;
        return addressAt(this.range.family, value);
      }
      value = value === last ? first : value + 1n;
    }
    return undefined;
  }
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
