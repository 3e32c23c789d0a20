import { atLeast, type CniVersion } from './version.ts';

export interface Dns {
  readonly nameservers: readonly string[];
  readonly domain?: string;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

export interface ResultInterface {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  /** The network namespace it is in; absent for one of the host. */
  readonly sandbox?: string;
}

export interface ResultIp {
  /** Index into `interfaces`. */
  readonly interface?: number;
  /** CIDR. */
  readonly address: string;
  readonly gateway?: string;
}

export interface ResultRoute {
  /** CIDR. */
  readonly dst: string;
  readonly gw?: string;
}

/** A success result in the words of CNI 1.1.0, section 5. */
export interface CniResult {
  readonly interfaces: readonly ResultInterface[];
  readonly ips: readonly ResultIp[];
  readonly routes: readonly ResultRoute[];
  readonly dns: Dns;
}

/**
 * A result in the shape of a version: up to 0.4.0 each address tells its family, and from 1.1.0 on
 * interfaces tell their MTU.
 */
export function resultOutput(version: CniVersion, result: CniResult): string {
  const { interfaces, ips, routes, dns } = result;
  const shaped = {
    cniVersion: version,
    interfaces: interfaces.map(({ mtu, ...rest }) =>
      atLeast(version, '1.1.0') && mtu !== undefined ? { ...rest, mtu } : rest,
    ),
    ips: ips.map(ip =>
      atLeast(version, '1.0.0') ? ip : { version: ip.address.includes(':') ? '6' : '4', ...ip },
    ),
    routes,
    dns: Object.fromEntries(
      Object.entries(dns).filter(([, value]) => value !== undefined && value.length > 0),
    ),
  };
  return `${JSON.stringify(shaped)}\n`;
}
