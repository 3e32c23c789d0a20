import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv4 } from 'node:net';
import { canonicalAddress } from '@evio/types';

/**
 * Whether a request comes from the dashboard's own page or from no page at all.
 *
 * Two attacks by a page elsewhere, open in the operator's browser, are what this is against: to
 * call this server's address itself (`Origin` and `Sec-Fetch-Site` tell), and to give its own name
 * this server's address (DNS rebinding: `Host` tells).
 *
 * @param address IP address that the server listens on, however it is written.
 */
export function isOwnOrigin(headers: IncomingHttpHeaders, address: string): boolean {
  const { host, origin } = headers;
  if (host === undefined || !isOwnName(nameOf(host), address)) return false;
  if (origin !== undefined && origin !== `http://${host}`) return false;
  // Fetch Metadata: "none" is the operator typing the address. "same-site" is another port here.
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}

/** `[::1]:9654` is `::1`. Any port is taken: the page may be reached through a forwarded one. */
function nameOf(host: string): string {
  const [, name = ''] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(host) ?? [];
  return name.replace(/^\[(.*)\]$/, '$1').toLowerCase();
}

function isOwnName(name: string, address: string): boolean {
  if (isIP(name) === 0) return name === 'localhost';
  const asked = canonicalAddress(name);
  const loopback = asked === '::1' || (isIPv4(asked) && asked.startsWith('127.'));
  return loopback || asked === canonicalAddress(address);
}
