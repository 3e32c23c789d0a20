import { createHash } from 'node:crypto';
import type { Candidate, CandidateType, Endpoint } from '@evio/types';
import { canonicalEndpoint, endpointKey } from './address.ts';

declare const brand: unique symbol;

/** Names one TURN allocation of this process. */
export type AllocationId = number & { readonly [brand]: 'AllocationId' };

/**
 * Where a link's datagrams leave this host (RFC 8445 §4, "base"): from a local address on the
 * shared socket, or from the relayed address of a TURN allocation.
 */
export type Base =
  | { readonly kind: 'host'; readonly local: Endpoint }
  | { readonly kind: 'relay'; readonly allocation: AllocationId; readonly relayed: Endpoint };

/** A candidate of ours, with the base its checks are sent from. */
export interface LocalCandidate extends Candidate {
  readonly base: Base;
}

/** The endpoint of a base, as the peer sees it when no NAT is between. */
export function baseEndpoint(base: Base): Endpoint {
  return base.kind === 'host' ? base.local : base.relayed;
}

/** Equal for equal bases; for map keys. */
export function baseKey(base: Base): string {
  return base.kind === 'host' ? `host|${endpointKey(base.local)}` : `relay|${base.allocation}`;
}

/** RFC 8445 §5.1.2.2: recommended type preferences. */
export const TYPE_PREFERENCE: Readonly<Record<CandidateType, number>> = {
  host: 126,
  prflx: 110,
  srflx: 100,
  relay: 0,
};

/** The largest local preference (RFC 8445 §5.1.2.1). */
export const MAX_LOCAL_PREFERENCE = 65535;

const COMPONENT = 1;

/** RFC 8445 §5.1.2.1: 2²⁴ · type preference + 2⁸ · local preference + (256 − component). */
export function candidatePriority(type: CandidateType, localPreference: number): number {
  const local = Math.max(0, Math.min(MAX_LOCAL_PREFERENCE, Math.floor(localPreference)));
  return Math.max(1, TYPE_PREFERENCE[type] * 2 ** 24 + local * 2 ** 8 + (256 - COMPONENT));
}

/** The type preference inside a priority; a peer-reflexive candidate tells nothing else. */
export function typePreferenceOf(priority: number): number {
  return Math.floor(priority / 2 ** 24);
}

/**
 * The PRIORITY attribute of a check sent from `candidate`'s base (RFC 8445 §7.1.1).
 *
 * The RFC wants the peer-reflexive type preference on every check. From a relay we keep the relay's
 * own (0): the peer may see the check before it learns of our relay candidate, and must not take a
 * path through a TURN server for a direct one.
 */
export function checkPriority(candidate: LocalCandidate): number {
  if (candidate.base.kind === 'relay') return candidate.priority;
  return TYPE_PREFERENCE.prflx * 2 ** 24 + (candidate.priority % 2 ** 24);
}

/**
 * RFC 8445 §5.1.1.3: equal for candidates of one type, base address, server and transport.
 * Eight hex digits (ice-chars).
 */
export function candidateFoundation(type: CandidateType, base: string, server = ''): string {
  return createHash('sha256').update(`${type}|${base}|${server}`).digest('hex').slice(0, 8);
}

/**
 * Checks and normalises a candidate that came from a peer; undefined when it cannot be used.
 * Signaling has checked the shape; here the values are checked.
 */
export function usableRemoteCandidate(candidate: Candidate): Candidate | undefined {
  const { port } = candidate.endpoint;
  if (!Number.isInteger(port) || port < 1 || port > 65535) return undefined;
  const { priority, foundation } = candidate;
  if (!Number.isInteger(priority) || priority < 1 || priority > 2 ** 31 - 1) return undefined;
  if (!/^[A-Za-z0-9+/]{1,32}$/.test(foundation)) return undefined;
  if (!Object.hasOwn(TYPE_PREFERENCE, candidate.type)) return undefined;
  try {
    const endpoint = canonicalEndpoint(candidate.endpoint);
    return isSendable(endpoint.address) ? { ...candidate, endpoint } : undefined;
  } catch {
    return undefined; // not an IP address (an mDNS name, say): unusable, not an error of ours
  }
}

/** A peer must not make us send to multicast, broadcast or "this network". */
function isSendable(address: string): boolean {
  if (address.includes(':')) return address !== '::' && !address.startsWith('ff');
  const first = Number(address.split('.', 1)[0]);
  return first !== 0 && first < 224;
}

/** The candidate alone, as signaling sends it. */
export function wireCandidate({ base: _, ...candidate }: LocalCandidate): Candidate {
  return candidate;
}
