import { type Endpoint, sameEndpoint } from '@evio/types';

/** What one STUN server saw of one of our local endpoints. */
export interface SeenMapping {
  readonly local: Endpoint;
  readonly server: Endpoint;
  readonly mapped: Endpoint;
}

/**
 * How a NAT maps one local endpoint (RFC 4787 §4.1): not at all; to the same endpoint whoever is
 * asked; to another for each one asked; or not to be told from one answer.
 */
export type NatMapping = 'none' | 'endpoint-independent' | 'address-dependent' | 'undecided';

/** Decides from answers to one local endpoint; servers must be asked from the same socket. */
export function classifyMapping(mappings: readonly SeenMapping[]): NatMapping {
  const [first, ...rest] = mappings;
  if (!first) return 'undecided';
  if (mappings.every(({ local, mapped }) => sameEndpoint(local, mapped))) return 'none';
  if (rest.some(({ mapped }) => !sameEndpoint(mapped, first.mapped))) return 'address-dependent';
  // Several ports of one server could still hide a mapping that depends on the address.
  const servers = new Set(mappings.map(({ server }) => server.address));
  return servers.size > 1 ? 'endpoint-independent' : 'undecided';
}
