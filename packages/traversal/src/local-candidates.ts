import { type Endpoint, sameEndpoint } from '@evio/types';
import { endpointKey } from './address.ts';
import {
  baseKey,
  candidateFoundation,
  candidatePriority,
  type LocalCandidate,
  MAX_LOCAL_PREFERENCE,
} from './candidate.ts';
import type { Relay } from './turn-server.ts';

/** What a STUN server says one of our addresses is mapped to. */
export interface Mapping {
  readonly local: Endpoint;
  readonly server: Endpoint;
  readonly mapped: Endpoint;
}

/** Local preferences of relays by transport: TCP and TLS cost more. */
const TRANSPORT_PREFERENCE = { udp: 2, tcp: 1, tls: 0 } as const;

/**
 * All our candidates (RFC 8445 §5.1.1), without redundant ones (§5.1.3), by a key that is equal
 * for equal candidates.
 *
 * @param hosts our addresses with the socket's port, best first.
 */
export function localCandidates(
  hosts: readonly Endpoint[],
  mappings: readonly Mapping[],
  relays: readonly Relay[],
): Map<string, LocalCandidate> {
  const candidates = new Map<string, LocalCandidate>();
  const add = (candidate: LocalCandidate) => {
    const key = `${endpointKey(candidate.endpoint)} ${baseKey(candidate.base)}`;
    if (!candidates.has(key)) candidates.set(key, candidate);
  };
  const preferences = new Map<string, number>();
  for (const [index, local] of hosts.entries()) {
    preferences.set(endpointKey(local), MAX_LOCAL_PREFERENCE - index);
    add({
      foundation: candidateFoundation('host', local.address),
      priority: candidatePriority('host', MAX_LOCAL_PREFERENCE - index),
      type: 'host',
      endpoint: local,
      base: { kind: 'host', local },
    });
  }
  for (const { local, server, mapped } of mappings) {
    if (hosts.some(host => sameEndpoint(host, mapped))) continue; // no NAT
    add({
      foundation: candidateFoundation('srflx', local.address, server.address),
      priority: candidatePriority('srflx', preferences.get(endpointKey(local)) ?? 0),
      type: 'srflx',
      endpoint: mapped,
      related: local,
      base: { kind: 'host', local },
    });
  }
  for (const { allocation, relayed, mapped, server } of relays) {
    add({
      foundation: candidateFoundation('relay', relayed.address, server.endpoint.address),
      priority: candidatePriority('relay', TRANSPORT_PREFERENCE[server.transport]),
      type: 'relay',
      endpoint: relayed,
      related: mapped,
      base: { kind: 'relay', allocation, relayed },
    });
  }
  return candidates;
}
