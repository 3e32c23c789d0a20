import type { PeerCertificate } from 'node:tls';
import { checkServerIdentity } from 'node:tls';
import { EvioError } from '@evio/types';

/**
 * Checks that a certificate is for one of `names` (RFC 6120 §13.7.1.2, RFC 6125): the domain of our
 * JID, or the host that the user configured. A name that only came from DNS is not among them.
 */
export function checkIdentity(
  names: readonly string[],
  certificate: PeerCertificate,
): Error | undefined {
  let first: Error | undefined;
  for (const name of names) {
    const error = checkServerIdentity(name, certificate);
    if (error === undefined) return undefined;
    first ??= error;
  }
  return first;
}

// OpenSSL's names for a chain that does not end at a certificate we trust.
const UNTRUSTED = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Turns an error of a socket or of TLS into one that says what to do. */
export function connectionError(error: unknown, where: string): EvioError {
  if (error instanceof EvioError) return error;
  const { code = '', message, reason } = error as NodeJS.ErrnoException & { reason?: string };
  const options = { cause: error };
  if (UNTRUSTED.has(code)) {
    return new EvioError(
      'TLS_UNTRUSTED',
      `the certificate of ${where} is not trusted (${code}); is "ca" the hub's certificate authority?`,
      options,
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return new EvioError(
      'TLS_UNTRUSTED',
      `the certificate of ${where} is not valid today (${code}); is this machine's clock right?`,
      options,
    );
  }
  if (code === 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME') {
    return new EvioError(
      'TLS_NAME_MISMATCH',
      `${where} has no certificate for our domain`,
      options,
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new EvioError(
      'TLS_NAME_MISMATCH',
      `the certificate of ${where} is for another name: ${message}`,
      options,
    );
  }
  if (/^ERR_SSL_|^EPROTO$/.test(code)) {
    return new EvioError('TLS_FAILED', `TLS with ${where} failed: ${reason ?? message}`, options);
  }
  return new EvioError(
    'XMPP_UNREACHABLE',
    `no connection to ${where}: ${message || code}`,
    options,
  );
}
