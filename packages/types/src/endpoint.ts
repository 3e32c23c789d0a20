import { isIP, SocketAddress } from 'node:net';
import { EvioError } from './error.ts';

/** 4 for IPv4, 6 for IPv6. */
export type IpFamily = 4 | 6;

/** An IP address with a UDP or TCP port (a "transport address" in RFC 8445). */
export interface Endpoint {
  /** IPv4 dotted quad, or IPv6 text without brackets; a zone (`%eth0`) only on link-local ones. */
  readonly address: string;
  /** 0 to 65535. */
  readonly port: number;
}

/**
 * The family of an IP address.
 *
 * @throws EvioError `ADDRESS_INVALID` when `address` is not an IP address.
 */
export function addressFamily(address: string): IpFamily {
  const family = isIP(address);
  if (family === 4 || family === 6) return family;
  throw new EvioError('ADDRESS_INVALID', `expected an IP address, got "${address}"`);
}

/**
 * One way of writing (RFC 5952) for equal IP addresses, without a zone: `FD00:0::1` is `fd00::1`.
 *
 * @throws EvioError `ADDRESS_INVALID` when `address` is not an IP address.
 */
export function canonicalAddress(address: string): string {
  const family = addressFamily(address) === 6 ? 'ipv6' : 'ipv4';
  return new SocketAddress({ address, family }).address;
}

/** Writes `192.0.2.1:3478` or `[2001:db8::1]:3478`. */
export function formatEndpoint({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * Reads what {@link formatEndpoint} writes.
 *
 * @throws EvioError `ENDPOINT_INVALID` when it is anything else.
 */
export function parseEndpoint(text: string): Endpoint {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  const family = isIP(address);
  const bracketed = match?.[1] !== undefined;
  if (family === 0 || bracketed !== (family === 6) || !(port <= 65535)) {
    throw new EvioError(
      'ENDPOINT_INVALID',
      `expected an endpoint like 192.0.2.1:3478 or [2001:db8::1]:3478, got "${text}"`,
    );
  }
  return { address, port };
}

/** Whether two endpoints are the same, by their text. */
export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}
