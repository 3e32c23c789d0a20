import type { Peer } from '../peer/peer.ts';
import type { Ring } from './ring.ts';

/**
 * Whether what is sent to a peer arrives, as far as is known. Silence tells it long before the server
 * does, which waits half a minute for the return of an agent that was killed.
 */
export function isReachable(
  peer: Pick<Peer, 'path' | 'silent' | 'record' | 'heardSince'>,
  ring: Pick<Ring, 'lostSince'>,
): boolean {
  if (peer.path === undefined || peer.silent) return false;
  const lostSince = ring.lostSince(peer.record.id);
  return lostSince === undefined || peer.heardSince(lostSince);
}
