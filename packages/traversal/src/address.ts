import { isIP, SocketAddress } from 'node:net';
import { addressFamily, type Endpoint } from '@evio/types';

/**
 * One spelling per IP address, so that endpoints can be compared as text: IPv6 as RFC 5952 writes
 * it, IPv4-mapped IPv6 as plain IPv4, zones kept.
 *
 * @throws EvioError `ADDRESS_INVALID` when `address` is not an IP address.
 */
export function canonicalAddress(address: string): string {
  if (addressFamily(address) === 4) return address;
  const [bare = '', zone] = address.split('%', 2);
  const text = new SocketAddress({ address: bare, family: 'ipv6' }).address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  if (mapped !== undefined) return mapped;
  return zone === undefined ? text : `${text}%${zone}`;
}

/**
 * {@link canonicalAddress} for an endpoint.
 *
 * @throws EvioError `ADDRESS_INVALID` when its address is not an IP address.
 */
export function canonicalEndpoint({ address, port }: Endpoint): Endpoint {
  return { address: canonicalAddress(address), port };
}

/** A text that is equal for equal (canonical) endpoints; for map keys. */
export function endpointKey({ address, port }: Endpoint): string {
  return `${address}|${port}`;
}

/**
 * Whether a local address may become a host candidate (RFC 8445 §5.1.1.1): no loopback (unless
 * allowed, for tests), no link-local, no multicast, no unspecified, no IPv4-mapped.
 */
export function isCandidateAddress(address: string, allowLoopback = false): boolean {
  const family = isIP(address);
  if (family === 4) {
    const [first = 0, second = 0] = address.split('.').map(Number);
    if (first === 127) return allowLoopback;
    return first !== 0 && first < 224 && !(first === 169 && second === 254);
  }
  if (family !== 6) return false;
  const text = canonicalAddress(address).toLowerCase();
  if (text === '::1') return allowLoopback;
  return text.includes(':') && text !== '::' && !/^(fe[89ab]|ff)/.test(text);
}
