import { isIPv4 } from 'node:net';
import { EvioError } from '@evio/types';

/** The IPv4 addresses of one overlay. */
export interface AddressPool {
  /** The network as a 32-bit number. */
  readonly network: number;
  /** 8 to 30. */
  readonly prefix: number;
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

function toText(value: number): string {
  return [24, 16, 8, 0].map(shift => Math.floor(value / 2 ** shift) % 256).join('.');
}

/**
 * Reads a pool such as `10.10.0.0/16`.
 *
 * @throws EvioError `POOL_INVALID` when it is not the network address of a /8 to /30.
 */
export function parsePool(text: string): AddressPool {
  const [address = '', bits = '', ...rest] = text.split('/');
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : Number.NaN;
  const network = isIPv4(address) ? toNumber(address) : Number.NaN;
  const aligned = network % 2 ** (32 - prefix) === 0;
  if (rest.length > 0 || !(prefix >= 8 && prefix <= 30) || !aligned) {
    throw new EvioError(
      'POOL_INVALID',
      `expected an IPv4 network of /8 to /30 like 10.10.0.0/16, got ${JSON.stringify(text)}`,
    );
  }
  return { network, prefix };
}

/** Whether two pools share an address. */
export function poolsOverlap(a: AddressPool, b: AddressPool): boolean {
  const size = 2 ** (32 - Math.min(a.prefix, b.prefix));
  return Math.floor(a.network / size) === Math.floor(b.network / size);
}

/** The number of host addresses; the network's own and the broadcast address are none. */
export function poolSize({ prefix }: AddressPool): number {
  return 2 ** (32 - prefix) - 2;
}

/**
 * The first free address at or after `cursor`, round the pool. Going on from the last one, instead
 * of taking the lowest, keeps the address of a removed node unused for as long as can be: its host
 * may still hold links.
 *
 * @param cursor host number, 1 is the first.
 * @param taken addresses in use, as text.
 * @throws EvioError `POOL_EXHAUSTED`.
 */
export function nextAddress(
  pool: AddressPool,
  cursor: number,
  taken: ReadonlySet<string>,
): { address: string; cursor: number } {
  const size = poolSize(pool);
  for (let step = 0; step < size; step++) {
    const host = ((cursor - 1 + step) % size) + 1;
    const address = toText(pool.network + host);
    if (!taken.has(address)) return { address, cursor: (host % size) + 1 };
  }
  throw new EvioError(
    'POOL_EXHAUSTED',
    `all ${size} addresses of the pool ${toText(pool.network)}/${pool.prefix} are taken`,
  );
}
