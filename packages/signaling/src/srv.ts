import { Resolver } from 'node:dns/promises';
import type { Target } from './service.ts';

/** An SRV record (RFC 2782). */
export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Looks up SRV records; rejects when there are none or the servers do not answer. */
export type ResolveSrv = (name: string) => Promise<readonly SrvRecord[]>;

/**
 * The system's resolver. It reads the list of servers anew each time, because that changes with the
 * network, and gives up after about 4 s.
 */
export const systemResolveSrv: ResolveSrv = async name =>
  new Resolver({ timeout: 1500, tries: 2 }).resolveSrv(name);

interface Candidate extends Target {
  readonly priority: number;
  readonly weight: number;
}

/** Targets to try at most; each costs time when it does not answer. */
const MAX_TARGETS = 8;

/**
 * Where the XMPP server of a domain is, in the order in which to try: SRV records of both kinds,
 * lower priority first, direct TLS before STARTTLS, then by weight (RFC 2782, XEP-0368 §3). Without
 * records the domain itself, at the usual ports.
 *
 * @param random in [0, 1)
 * @param patience aborted when it has taken long enough; an answer that is missing then is none
 */
export async function findTargets(
  domain: string,
  resolveSrv: ResolveSrv,
  random: () => number,
  patience: AbortSignal,
): Promise<Target[]> {
  const over = Promise.withResolvers<never[]>();
  const end = () => over.resolve([]);
  if (patience.aborted) end();
  patience.addEventListener('abort', end, { once: true });
  const [direct, starttls] = await Promise.all([
    Promise.race([lookUp(`_xmpps-client._tcp.${domain}`, 'direct', resolveSrv), over.promise]),
    Promise.race([lookUp(`_xmpp-client._tcp.${domain}`, 'starttls', resolveSrv), over.promise]),
  ]);
  patience.removeEventListener('abort', end);
  const found = [...direct, ...starttls];
  if (found.length === 0) {
    return [
      { host: domain, port: 5223, security: 'direct', configured: false },
      { host: domain, port: 5222, security: 'starttls', configured: false },
    ];
  }
  // A single "." says: this service is decidedly not here (RFC 2782).
  const offered = found.filter(({ host }) => host !== '');
  return orderTargets(offered, random).slice(0, MAX_TARGETS);
}

async function lookUp(
  name: string,
  security: Target['security'],
  resolveSrv: ResolveSrv,
): Promise<Candidate[]> {
  const records = await resolveSrv(name).catch(() => []); // no records is the usual case
  return records.map(({ name: host, port, priority, weight }) => ({
    host: host.replace(/\.$/, '').toLowerCase(),
    port,
    security,
    priority,
    weight,
    configured: false,
  }));
}

function orderTargets(candidates: readonly Candidate[], random: () => number): Target[] {
  const rank = ({ priority, security }: Candidate) =>
    priority * 2 + (security === 'direct' ? 0 : 1);
  const ranks = [...new Set(candidates.map(rank))].sort((a, b) => a - b);
  return ranks.flatMap(r =>
    byWeight(
      candidates.filter(c => rank(c) === r),
      random,
    ),
  );
}

/** RFC 2782: a record is drawn with a probability in proportion to its weight, repeatedly. */
function byWeight(candidates: Candidate[], random: () => number): Target[] {
  const left = [...candidates];
  const drawn: Target[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    let ticket = random() * total;
    const index = left.findIndex(({ weight }) => {
      ticket -= weight;
      return ticket < 0;
    });
    const [chosen] = left.splice(Math.max(0, index), 1);
    if (chosen === undefined) break;
    const { host, port, security, configured } = chosen;
    drawn.push({ host, port, security, configured });
  }
  return drawn;
}
