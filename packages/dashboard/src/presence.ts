import type { PeerStatus } from '@evio/agent/control';

/**
 * Whether nobody reaches a member. The server may call it present for half a minute after it was
 * killed, so that it could resume its stream (XEP-0198); the overlay knows within seconds.
 */
export function isAway({ reachable }: Pick<PeerStatus, 'reachable'>): boolean {
  return !reachable;
}
