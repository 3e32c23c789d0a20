import { isIP } from 'node:net';
import { type Candidate, type CandidateType, type Endpoint, EvioError } from '@evio/types';
import xml, { type Element } from '@xmpp/xml';

const TYPES: ReadonlySet<string> = new Set(['host', 'srflx', 'prflx', 'relay']);
const ICE_CHARS = /^[A-Za-z0-9+/]+$/;

function malformed(message: string): EvioError {
  return new EvioError('STANZA_MALFORMED', `candidate: ${message}`);
}

function integer(text: string | undefined, least: number, most: number, what: string): number {
  const value = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw malformed(`${what}: expected ${least} to ${most}, got "${text?.slice(0, 40)}"`);
  }
  return value;
}

function endpoint(address: string | undefined, port: string | undefined, what: string): Endpoint {
  // A zone means something on the sender's host only.
  if (address === undefined || address.includes('%') || isIP(address) === 0) {
    throw malformed(`${what}: expected an IP address, got "${address?.slice(0, 60)}"`);
  }
  return { address, port: integer(port, 1, 65_535, `${what} port`) };
}

/** Whether this can be an ICE user name fragment, password or foundation (RFC 8839 §5.1, §5.4). */
export function isIceText(text: string | undefined, least: number, most: number): text is string {
  return text !== undefined && text.length >= least && text.length <= most && ICE_CHARS.test(text);
}

/** Writes a candidate (XEP-0176 §5.3); `index` makes its id unique within the stanza. */
export function candidateElement(candidate: Candidate, index: number): Element {
  const { foundation, priority, type, endpoint, related } = candidate;
  return xml('candidate', {
    component: '1',
    foundation,
    generation: '0',
    id: `${foundation}-${endpoint.port}-${index}`,
    ip: endpoint.address,
    network: '0',
    port: String(endpoint.port),
    priority: String(priority),
    protocol: 'udp',
    'rel-addr': related?.address,
    'rel-port': related && String(related.port),
    type,
  });
}

/**
 * Reads a candidate; undefined when it is of a kind that we cannot use (another transport protocol
 * or component, a host name), which is not an error.
 *
 * @throws EvioError `STANZA_MALFORMED`
 */
export function candidateFrom({ attrs }: Element): Candidate | undefined {
  if (attrs.protocol?.toLowerCase() !== 'udp' || attrs.component !== '1') return undefined;
  if (attrs.ip?.endsWith('.local')) return undefined;
  const foundation = attrs.foundation;
  if (!isIceText(foundation, 1, 32)) throw malformed('foundation: expected 1 to 32 ice-chars');
  const type = attrs.type;
  if (type === undefined || !TYPES.has(type)) {
    throw malformed(`type: expected host, srflx, prflx or relay, got "${type?.slice(0, 40)}"`);
  }
  const related =
    attrs['rel-addr'] === undefined
      ? undefined
      : relatedEndpoint(attrs['rel-addr'], attrs['rel-port']);
  return {
    foundation,
    priority: integer(attrs.priority, 1, 2 ** 31 - 1, 'priority'),
    type: type as CandidateType,
    endpoint: endpoint(attrs.ip, attrs.port, 'address'),
    ...(related && { related }),
  };
}

/** For diagnosis only, and some senders hide it as 0.0.0.0:0 (RFC 8839 §5.1). */
function relatedEndpoint(address: string, port: string | undefined): Endpoint {
  if (isIP(address) === 0 || address.includes('%')) {
    throw malformed('rel-addr: expected an IP address');
  }
  return { address, port: integer(port, 0, 65_535, 'rel-port') };
}
