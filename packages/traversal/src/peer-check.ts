import type { Candidate, Endpoint } from '@evio/types';
import { endpointKey } from './address.ts';
import { candidateFoundation } from './candidate.ts';
import type { IceRole } from './candidate-pair.ts';
import { checkUsername } from './connectivity-check.ts';
import type { StunMessage } from './stun-message.ts';

/** What a check of the peer asks for. */
export interface PeerCheck {
  /** The peer's ufrag. */
  readonly from: string;
  /** Of the peer-reflexive candidate that it may reveal. */
  readonly priority: number;
  readonly nominate: boolean;
  /** What role the peer believes to have, and its tie-breaker; undefined when it does not say. */
  readonly claim: { readonly role: IceRole; readonly tieBreaker: bigint } | undefined;
}

export type PeerCheckVerdict =
  | { readonly kind: 'check'; readonly check: PeerCheck }
  | { readonly kind: 'unauthenticated' }
  /** Authentic, but with attributes that we do not know (RFC 8489 §6.3.1.1). */
  | { readonly kind: 'unknown-attributes' }
  | { readonly kind: 'malformed' };

/**
 * Reads a Binding request as a check (RFC 8445 §7.3): authentic only with our ufrag, our password's
 * integrity and, once it is known, the peer's ufrag.
 */
export function readPeerCheck(
  message: StunMessage,
  ours: { readonly ufrag: string; readonly key: Uint8Array; readonly peerUfrag?: string },
): PeerCheckVerdict {
  const username = checkUsername(message);
  const known =
    username?.to === ours.ufrag &&
    (ours.peerUfrag === undefined || username.from === ours.peerUfrag);
  if (!known || !message.verifies(ours.key)) return { kind: 'unauthenticated' };
  if (message.unknownRequired.length > 0) return { kind: 'unknown-attributes' };
  const priority = message.get('PRIORITY');
  if (priority === undefined) return { kind: 'malformed' };
  const nominate = message.get('USE-CANDIDATE') === true;
  const check = { from: username.from, priority, nominate, claim: claimOf(message) };
  return { kind: 'check', check };
}

function claimOf(message: StunMessage): PeerCheck['claim'] {
  const controlling = message.get('ICE-CONTROLLING');
  if (controlling !== undefined) return { role: 'controlling', tieBreaker: controlling };
  const controlled = message.get('ICE-CONTROLLED');
  return controlled === undefined ? undefined : { role: 'controlled', tieBreaker: controlled };
}

/**
 * RFC 8445 §7.3.1.1: what becomes of our role when the peer claims one. `refuse`: the peer has to
 * give way (487).
 */
export function settleRoles(
  role: IceRole,
  tieBreaker: bigint,
  claim: PeerCheck['claim'],
): IceRole | 'refuse' {
  if (claim === undefined || claim.role !== role) return role;
  const mine = tieBreaker >= claim.tieBreaker ? 'controlling' : 'controlled';
  return mine === role ? 'refuse' : mine;
}

/** The peer-reflexive candidate that a check from an unknown endpoint reveals (RFC 8445 §7.3.1.3). */
export function peerReflexive(endpoint: Endpoint, priority: number): Candidate {
  return {
    foundation: candidateFoundation('prflx', endpointKey(endpoint)),
    priority: Math.min(Math.max(priority, 1), 2 ** 31 - 1),
    type: 'prflx',
    endpoint,
  };
}
