import { isIP } from 'node:net';
import { EvioError } from '@evio/types';

/** A localpart that stringprep leaves as it is (RFC 7622 §3.3) and that is safe as a file name. */
const NODE_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;
/** An overlay's name becomes a roster group and a section of the groups file. */
const OVERLAY_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62})$/;
/** One label of a host name (RFC 1123 §2.1). */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Checks the name of a node, which becomes the localpart of its JID.
 *
 * @throws EvioError `NODE_NAME_INVALID`.
 */
export function checkNodeName(name: string): string {
  if (!NODE_NAME.test(name) || name.includes('..')) {
    throw new EvioError(
      'NODE_NAME_INVALID',
      `expected a node name of 1 to 63 characters out of a-z, 0-9, ".", "_" and "-" that begins ` +
        `and ends with a letter or digit, got ${JSON.stringify(name)}`,
    );
  }
  return name;
}

/**
 * Checks the name of an overlay.
 *
 * @throws EvioError `OVERLAY_NAME_INVALID`.
 */
export function checkOverlayName(name: string): string {
  if (!OVERLAY_NAME.test(name)) {
    throw new EvioError(
      'OVERLAY_NAME_INVALID',
      `expected an overlay name of 1 to 63 characters out of letters, digits, ".", "_" and "-" ` +
        `that begins with a letter or digit, got ${JSON.stringify(name)}`,
    );
  }
  return name;
}

/**
 * Checks the XMPP domain. Letters beyond ASCII must come as A-labels (`xn--…`).
 *
 * @throws EvioError `DOMAIN_INVALID`.
 */
export function checkDomain(domain: string): string {
  const labels = domain.split('.');
  if (domain.length > 253 || isIP(domain) !== 0 || !labels.every(label => LABEL.test(label))) {
    throw new EvioError(
      'DOMAIN_INVALID',
      `expected a domain in lower case like example.org, got ${JSON.stringify(domain)}`,
    );
  }
  return domain;
}

/**
 * Checks that every text is an IP address without a zone.
 *
 * @throws EvioError `ADDRESS_INVALID`.
 */
export function checkAddresses(addresses: readonly string[]): string[] {
  return addresses.map(address => {
    if (isIP(address) === 0 || address.includes('%')) {
      throw new EvioError(
        'ADDRESS_INVALID',
        `expected an IP address, got ${JSON.stringify(address)}`,
      );
    }
    return address;
  });
}
