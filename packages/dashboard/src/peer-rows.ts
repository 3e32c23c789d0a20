import type { PeerStatus } from '@evio/agent/control';
import { pathText } from './words.ts';

export type SortKey = 'name' | 'address' | 'role' | 'path' | 'rtt' | 'session';
export interface Order {
  readonly key: SortKey;
  readonly descending: boolean;
}

const VALUES: Readonly<Record<SortKey, (peer: PeerStatus) => string | number>> = {
  name: ({ name }) => name,
  address: ({ addresses }) => addresses[0] ?? '',
  role: ({ role }) => role,
  path: ({ path }) => path.kind,
  rtt: ({ path }) => path.rttMs ?? Number.POSITIVE_INFINITY,
  session: ({ session }) => session.state,
};

/**
 * Those with all the words in their name, id, account, addresses, role or path; in order, and those that
 * are not reached after all others.
 */
export function peerRows(
  peers: readonly PeerStatus[],
  search: string,
  { key, descending }: Order,
): PeerStatus[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const { compare } = new Intl.Collator('en', { numeric: true });
  const value = VALUES[key];
  const found = peers.filter(peer => {
    const { id, name, jid, addresses, role, reachable, path, session } = peer;
    const kind = reachable ? path.kind : '';
    const parts = [id, name, jid, ...addresses, role, kind, pathText(peer), session.state];
    const text = parts.join(' ').toLowerCase();
    return words.every(word => text.includes(word));
  });
  return found.sort((a, b) => {
    if (a.reachable !== b.reachable) return a.reachable ? -1 : 1;
    const [left, right] = [value(a), value(b)];
    const order =
      typeof left === 'number' && typeof right === 'number'
        ? left === right
          ? 0
          : left - right
        : compare(String(left), String(right));
    return (descending ? -order : order) || compare(a.name, b.name);
  });
}
