import { isIP } from 'node:net';
import { canonicalAddress, type Endpoint, EvioError, parseEndpoint } from '@evio/types';

/**
 * The small languages inside the file's values: JIDs, CIDRs, interface names, server URLs. Each has
 * the phrase that an error shows as "expected …".
 */

export const EXPECTED = {
  jid: 'an account like edge-a@example.org',
  service: 'xmpps://HOST[:PORT] (direct TLS) or xmpp://HOST[:PORT] (STARTTLS)',
  interfaceName: 'an interface name of 1 to 15 letters, digits, ".", "_" or "-"',
  cidr: 'an address with prefix length like 10.10.0.1/16 or fd00::1/64',
  stun: 'a STUN server like stun:HOST[:PORT]',
  turn: 'a TURN server like turn:HOST[:PORT][?transport=udp|tcp] or turns:HOST[:PORT]',
  endpoint: 'an address with port like 127.0.0.1:9655 or [::1]:9655',
  path: 'a file path',
  ownEndpoint: 'an IP address of this host with a port like 127.0.0.1:9654 or [::1]:9654',
} as const;

/** `local@domain` without resource (RFC 7622 §3); the server has the last word on the characters. */
export const JID = /^[^\s@/"&'<>:]+@[^\s@/]+$/;
/** What the kernel takes (`dev_valid_name`), less the characters that `ip` gives a meaning. */
export const INTERFACE_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,15}$/;

/** The TAP of the overlay at `index` when the file names none. */
export function defaultInterfaceName(index: number): string {
  return `evio${index}`;
}

export interface Cidr {
  readonly address: string;
  readonly prefix: number;
  readonly family: 4 | 6;
}

/** Reads `10.10.0.1/16`; undefined when it is anything else. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const family = isIP(address);
  if (rest.length > 0 || !/^\d{1,3}$/.test(length) || address.includes('%')) return undefined;
  const prefix = Number(length);
  if (family === 4 && prefix <= 32) return { address, prefix, family };
  if (family === 6 && prefix <= 128) return { address, prefix, family };
  return undefined;
}

const SERVER =
  /^(stuns?|turns?|xmpps?):(?:\/\/)?(?:\[([^\]]+)\]|([^:/?[\]]+))(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/;

export interface ServerUrl {
  readonly scheme: string;
  readonly host: string;
  readonly port?: number;
  readonly transport?: 'udp' | 'tcp';
}

/** Reads an XMPP service or the STUN and TURN URIs of RFC 7064 and RFC 7065. */
export function parseServerUrl(text: string): ServerUrl | undefined {
  const match = SERVER.exec(text);
  if (!match) return undefined;
  const [, scheme = '', bracketed, plain, portText, transport] = match;
  const host = bracketed ?? plain ?? '';
  const port = portText === undefined ? undefined : Number(portText);
  if (bracketed !== undefined && isIP(bracketed) !== 6) return undefined;
  if (port !== undefined && (port < 1 || port > 65535)) return undefined;
  return {
    scheme,
    host,
    ...(port !== undefined && { port }),
    ...((transport === 'udp' || transport === 'tcp') && { transport }),
  };
}

/** `stun:HOST[:PORT]`; RFC 7064 §3.1 knows no transport there. */
export function isStunUrl(text: string): boolean {
  const url = parseServerUrl(text);
  return url?.scheme === 'stun' && url.transport === undefined;
}

/** `turn:` or `turns:`; TLS runs over TCP only (DTLS is not spoken). */
export function isTurnUrl(text: string): boolean {
  const url = parseServerUrl(text);
  return url?.scheme === 'turn' || (url?.scheme === 'turns' && url.transport !== 'udp');
}

/** `xmpp://` or `xmpps://` with a host. */
export function isXmppService(text: string): boolean {
  const url = parseServerUrl(text);
  return /^xmpps?:\/\//.test(text) && url !== undefined && url.transport === undefined;
}

/** `ADDRESS:PORT`, an IPv6 address in brackets. */
export function isEndpoint(text: string): boolean {
  return readEndpoint(text) !== undefined;
}

/** {@link isEndpoint}, but not one that stands for every address of a host. */
export function isOwnEndpoint(text: string): boolean {
  const endpoint = readEndpoint(text);
  return endpoint !== undefined && !EVERY_ADDRESS.has(canonicalAddress(endpoint.address));
}

/** What a socket is bound to that takes connections to any address of the host. */
const EVERY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '::ffff:0.0.0.0']);

function readEndpoint(text: string): Endpoint | undefined {
  try {
    return parseEndpoint(text);
  } catch (error) {
    if (error instanceof EvioError) return undefined;
    throw error;
  }
}
