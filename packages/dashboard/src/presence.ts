import type { PeerStatus } from '@evio/agent/control';

/**
 * Whether nobody reaches a member. The server may call it present for minutes after it was killed, so
 * that it could resume its stream (XEP-0198); the overlay knows within seconds.
 */
export function isAway({ role, path }: Pick<PeerStatus, 'role' | 'path'>): boolean {
  return role === 'none' && path.kind === 'none';
}
