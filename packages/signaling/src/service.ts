import { isIPv6 } from 'node:net';
import { EvioError } from '@evio/types';

/** A place where an XMPP server may answer. */
export interface Target {
  /** IP address or host name. */
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (XEP-0368), or after STARTTLS (RFC 6120 §5). */
  readonly security: 'direct' | 'starttls';
  /** The user named this host, so that a certificate for it is as good as one for the domain. */
  readonly configured: boolean;
}

/**
 * Reads the `service` of a configuration: `xmpps://host[:5223]` is direct TLS, `xmpp://host[:5222]`
 * STARTTLS.
 *
 * @throws EvioError `SERVICE_INVALID`
 */
export function parseService(service: string): Target {
  const match = /^(xmpps?):\/\/(?:\[([^\]/]+)\]|([^:/[\]\s]+))(?::(\d{1,5}))?\/?$/.exec(service);
  const direct = match?.[1] === 'xmpps';
  const host = match?.[2] ?? match?.[3] ?? '';
  const port = Number(match?.[4] ?? (direct ? 5223 : 5222));
  if (match === null || port < 1 || port > 65_535 || (match[2] !== undefined && !isIPv6(host))) {
    throw new EvioError(
      'SERVICE_INVALID',
      `expected a service like xmpps://xmpp.example.org:5223 or xmpp://192.0.2.1:5222, got "${service}"`,
    );
  }
  return { host, port, security: direct ? 'direct' : 'starttls', configured: true };
}
