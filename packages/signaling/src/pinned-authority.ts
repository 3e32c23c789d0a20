import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { EvioError } from '@evio/types';
import { parseService } from './service.ts';
import { startTls } from './starttls.ts';
import { connectionError } from './tls-identity.ts';

/** Longest chain that we look through. */
const MOST_CERTIFICATES = 16;

export interface PinnedHub {
  /** `xmpps://HOST:PORT` or `xmpp://HOST:PORT` */
  readonly service: string;
  /** Domain of the account. */
  readonly domain: string;
  /** SHA-256 of a certificate (DER) in the server's chain. */
  readonly pin: Uint8Array;
  /** For the whole of it, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Gets the certificate that a pin names from the server, as PEM: the authority to trust for it, or
 * its own when that is self-signed. The connection is not trusted, and nothing is sent over it; a
 * connection that trusts the certificate comes after.
 *
 * @throws EvioError `PIN_MISMATCH` when the server's chain does not have it; `XMPP_UNREACHABLE`,
 *   `XMPP_TIMEOUT`, `TLS_REQUIRED`, `TLS_FAILED`
 */
export async function fetchPinnedAuthority(hub: PinnedHub): Promise<string> {
  const { service, domain, pin, timeoutMs } = hub;
  const { host, port, security } = parseService(service);
  const signal = AbortSignal.timeout(timeoutMs);
  const tcp = connectTcp({ host, port, noDelay: true });
  let socket: TLSSocket | undefined;
  // An error may come between two awaits; the one awaited then tells it.
  tcp.on('error', () => undefined);
  try {
    await once(tcp, 'connect', { signal });
    if (security === 'starttls') await startTls(tcp, domain, signal);
    socket = connectTls({
      socket: tcp,
      ...(isIP(domain) === 0 && { servername: domain }),
      ...(security === 'direct' && { ALPNProtocols: ['xmpp-client'] }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: false, // the pin decides, and only about which certificate to trust
    });
    await once(socket, 'secureConnect', { signal });
    return findPinned(socket.getPeerCertificate(true), pin, service);
  } catch (error) {
    if (signal.aborted) {
      throw new EvioError('XMPP_TIMEOUT', `${service} does not answer in ${timeoutMs / 1000} s`);
    }
    throw connectionError(error, service);
  } finally {
    socket?.destroy();
    tcp.destroy();
  }
}

function findPinned(leaf: DetailedPeerCertificate, pin: Uint8Array, service: string): string {
  let certificate = leaf;
  for (let depth = 0; depth < MOST_CERTIFICATES && certificate.raw !== undefined; depth++) {
    if (createHash('sha256').update(certificate.raw).digest().equals(pin)) {
      return new X509Certificate(certificate.raw).toString();
    }
    if (certificate.issuerCertificate === certificate) break;
    certificate = certificate.issuerCertificate;
    if (certificate === undefined) break;
  }
  throw new EvioError(
    'PIN_MISMATCH',
    `${service} does not show the certificate that was expected: it is another server, somebody is ` +
      'between us and it, or the hub has a new certificate',
  );
}
