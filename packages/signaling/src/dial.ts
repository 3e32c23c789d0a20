import { once } from 'node:events';
import { connect as connectTcp, isIP } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { EvioError } from '@evio/types';
import type { Target } from './service.ts';
import { startTls } from './starttls.ts';
import { checkIdentity, connectionError } from './tls-identity.ts';

/** A client certificate for SASL EXTERNAL, both parts as PEM. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface DialOptions {
  /** Domain of the JID. */
  readonly domain: string;
  /** Trusted certificates as PEM; the system's when absent. */
  readonly ca: string | undefined;
  readonly certificate: ClientCertificate | undefined;
  /** For the TCP connection, STARTTLS and the TLS handshake together, in milliseconds. */
  readonly timeoutMs: number;
}

function describe({ host, port }: Target): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Makes a TLS connection to an XMPP server. The certificate is always verified, and there is no
 * option to leave that out. Small writes go out at once: with Nagle's algorithm an IQ round trip
 * takes 44 ms instead of 0.7.
 *
 * @param stop aborted to give up, with the EvioError to throw as its reason
 * @throws EvioError `XMPP_UNREACHABLE`, `XMPP_TIMEOUT`, `TLS_REQUIRED`, `TLS_UNTRUSTED`,
 *   `TLS_NAME_MISMATCH` or `TLS_FAILED`
 */
export async function dial(
  target: Target,
  options: DialOptions,
  stop: AbortSignal,
): Promise<TLSSocket> {
  if (stop.aborted) throw new EvioError('SIGNALING_STOPPED', 'stopped while connecting');
  const where = describe(target);
  const signal = AbortSignal.any([stop, AbortSignal.timeout(options.timeoutMs)]);
  const tcp = connectTcp({ host: target.host, port: target.port, noDelay: true });
  let socket: TLSSocket | undefined;
  // An error may come between two awaits; the one awaited then tells it.
  let failed: unknown;
  const keep = (error: unknown) => {
    failed ??= error;
  };
  tcp.on('error', keep);
  try {
    await once(tcp, 'connect', { signal });
    if (target.security === 'starttls') await startTls(tcp, options.domain, signal);
    if (failed !== undefined) throw failed;
    socket = connectTls({ ...tlsOptions(target, options), socket: tcp });
    socket.on('error', keep);
    await Promise.race([once(socket, 'secureConnect', { signal }), closedEarly(socket, signal)]);
    socket.off('error', keep);
    tcp.off('error', keep);
    return socket;
  } catch (error) {
    socket?.destroy();
    tcp.destroy();
    if (stop.reason instanceof EvioError) throw stop.reason;
    if (stop.aborted) throw new EvioError('SIGNALING_STOPPED', 'stopped while connecting');
    if (signal.aborted) {
      throw new EvioError(
        'XMPP_TIMEOUT',
        `no TLS connection to ${where} within ${options.timeoutMs / 1000} s`,
      );
    }
    throw connectionError(failed ?? error, where);
  }
}

async function closedEarly(socket: TLSSocket, signal: AbortSignal): Promise<never> {
  await once(socket, 'close', { signal });
  throw new Error('the server closed the connection during the TLS handshake');
}

function tlsOptions(target: Target, { domain, ca, certificate }: DialOptions): ConnectionOptions {
  const names = target.configured && target.host !== domain ? [domain, target.host] : [domain];
  return {
    // SNI carries the domain, not the host (RFC 6120 §5.4.3.1, XEP-0368 §3); it cannot be an address.
    ...(isIP(domain) === 0 && { servername: domain }),
    ...(target.security === 'direct' && { ALPNProtocols: ['xmpp-client'] }),
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && certificate),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    checkServerIdentity: (_host, peer) => checkIdentity(names, peer),
  };
}
