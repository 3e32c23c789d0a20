import { EvioError } from '@evio/types';

/** An XMPP address (RFC 7622): `local@domain/resource`. */
export interface Jid {
  readonly local: string;
  readonly domain: string;
  /** Empty for a bare JID. */
  readonly resource: string;
  /** `local@domain`, or `domain` alone. */
  readonly bare: string;
  /** `bare/resource`, or the bare JID when there is no resource. */
  readonly full: string;
}

const encoder = new TextEncoder();
/** RFC 7622 §3: each part has at most 1023 octets. */
const MAX_PART_OCTETS = 1023;
// RFC 7622 §3.3.1, and what Unicode calls control, space or unassigned-by-us in a name.
const LOCAL = /^[^\s"&'/:<>@\p{Cc}]+$/u;
const DOMAIN = /^[^\s"&'/<>@\p{Cc}]+$/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be in it
const RESOURCE = /^[^\u0000-\u001f\u007f]+$/;

/**
 * Reads a JID. Local part and domain are compared without case, so they come out in lower case;
 * servers have already normalised what they deliver.
 *
 * @throws EvioError `JID_INVALID`
 */
export function parseJid(text: string): Jid {
  const slash = text.indexOf('/');
  const head = slash < 0 ? text : text.slice(0, slash);
  const resource = slash < 0 ? '' : text.slice(slash + 1);
  const at = head.indexOf('@');
  const local = at < 0 ? '' : head.slice(0, at).toLowerCase();
  const domain = (at < 0 ? head : head.slice(at + 1)).toLowerCase().replace(/\.$/, '');
  const fits = (part: string) => encoder.encode(part).length <= MAX_PART_OCTETS;
  if (
    !DOMAIN.test(domain) ||
    (at >= 0 && !LOCAL.test(local)) ||
    (slash >= 0 && !RESOURCE.test(resource)) ||
    ![local, domain, resource].every(fits)
  ) {
    throw new EvioError(
      'JID_INVALID',
      `expected an XMPP address like edge-a@example.org, got "${text.slice(0, 200)}"`,
    );
  }
  const bare = at < 0 ? domain : `${local}@${domain}`;
  return { local, domain, resource, bare, full: resource === '' ? bare : `${bare}/${resource}` };
}

/** Reads a JID that somebody else sent; undefined when it is not one. */
export function readJid(text: string | undefined): Jid | undefined {
  if (text === undefined || text.length > 3 * MAX_PART_OCTETS + 2) return undefined;
  try {
    return parseJid(text);
  } catch (error) {
    if (error instanceof EvioError) return undefined;
    throw error;
  }
}
