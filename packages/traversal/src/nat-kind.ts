import { type Endpoint, sameEndpoint } from '@evio/types';
import type { Mapping } from './local-candidates.ts';

/**
 * How a NAT maps (RFC 4787 §4.1), as far as it can be told:
 * - `none`: our own address is what others see;
 * - `endpoint-independent`: one outer address for all destinations; peers can be reached directly;
 * - `dependent`: another one for each destination ("symmetric"); direct paths only to peers that
 *   are easy to reach;
 * - `blocked`: no STUN server answered over UDP;
 * - `unknown`: only one server answered.
 */
export type NatMapping = 'none' | 'endpoint-independent' | 'dependent' | 'blocked' | 'unknown';

export interface NatKind {
  readonly mapping: NatMapping;
  /** What others see. */
  readonly mapped: readonly Endpoint[];
  /** One sentence for people. */
  readonly explanation: string;
}

const EXPLANATION: Readonly<Record<NatMapping, string>> = {
  none: 'no NAT: others see this address as it is',
  'endpoint-independent': 'NAT with one outer address for all destinations: direct paths work',
  dependent: 'symmetric NAT: direct paths only to peers without one, else by relay',
  blocked: 'no STUN server answers over UDP: paths go by relay over TCP or TLS',
  unknown: 'only one STUN server answers: a second one is needed to tell the kind of NAT',
};

/**
 * The kind of NAT in front of `local`, from what two or more STUN servers see (RFC 5780 §4.3 with
 * servers in place of one server's second address).
 *
 * Limits: servers that share an address but not a port cannot tell address-dependent from
 * endpoint-independent mapping apart; two NATs in a row look like the stricter one; filtering is
 * not told here (see {@link NatProbe}); one sample is one moment.
 */
export function natKind(local: Endpoint, mappings: readonly Mapping[]): NatKind {
  const seen = mappings.filter(mapping => sameEndpoint(mapping.local, local));
  const mapped = seen
    .map(mapping => mapping.mapped)
    .filter((one, index, all) => all.findIndex(other => sameEndpoint(one, other)) === index);
  const mapping = kindOf(local, mapped, seen.length);
  return { mapping, mapped, explanation: EXPLANATION[mapping] };
}

function kindOf(local: Endpoint, mapped: readonly Endpoint[], answers: number): NatMapping {
  const [first] = mapped;
  if (first === undefined) return 'blocked';
  if (mapped.length > 1) return 'dependent';
  if (sameEndpoint(first, local)) return 'none';
  return answers > 1 ? 'endpoint-independent' : 'unknown';
}
