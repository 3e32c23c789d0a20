import { isIP } from 'node:net';
import { canonicalAddress, EvioError } from '@evio/types';
import type { AgentStatus, PeerListing } from './types.ts';

/** Shortest id prefix taken, in hex digits: shorter ones are more likely a slip than a choice. */
const SHORTEST_PREFIX = 4;

/** All peers of a node, overlay by overlay. */
export function listPeers(status: AgentStatus, overlay?: string): PeerListing[] {
  if (overlay !== undefined && !status.overlays.some(({ name }) => name === overlay)) {
    const names = status.overlays.map(({ name }) => name).join(', ');
    throw new EvioError('OVERLAY_UNKNOWN', `no overlay "${overlay}"; there is ${names}`);
  }
  return status.overlays
    .filter(({ name }) => overlay === undefined || name === overlay)
    .flatMap(({ name, peers }) => peers.map(peer => ({ overlay: name, ...peer })));
}

/** The ways to name a peer, the surest first; the first that fits anything decides. */
const WAYS: readonly ((text: string, peer: PeerListing) => boolean)[] = [
  (text, peer) => peer.id === text.toLowerCase(),
  (text, peer) => peer.jid === text,
  (text, peer) =>
    isIP(text) !== 0 &&
    peer.addresses.some(
      cidr => canonicalAddress(cidr.split('/')[0] ?? '') === canonicalAddress(text),
    ),
  (text, peer) => peer.name === text,
  (text, peer) => text.length >= SHORTEST_PREFIX && peer.id.startsWith(text.toLowerCase()),
];

/**
 * Finds the peer that a person means by an id, a unique prefix of one, an account, a name or an
 * overlay address. A node met in several overlays is taken in the first one.
 *
 * @throws EvioError `NODE_UNKNOWN` or `NODE_AMBIGUOUS`, with what there is to choose from.
 */
export function findPeer(status: AgentStatus, text: string, overlay?: string): PeerListing {
  const peers = listPeers(status, overlay);
  for (const fits of WAYS) {
    const found = peers.filter(peer => fits(text, peer));
    const [first] = found;
    if (!first) continue;
    if (new Set(found.map(({ id }) => id)).size === 1) return first;
    const choices = found.map(({ id, jid, name }) => `${id} (${name}, ${jid})`);
    throw new EvioError(
      'NODE_AMBIGUOUS',
      `"${text}" fits ${found.length} nodes: ${choices.join('; ')}`,
    );
  }
  if (text === status.node.id || text === status.node.name) {
    throw new EvioError('NODE_UNKNOWN', `"${text}" is this node itself`);
  }
  throw new EvioError(
    'NODE_UNKNOWN',
    peers.length === 0
      ? `no node "${text}": no other member is known yet`
      : `no node "${text}"; expected an id, an account, a name or an overlay address of a peer (evio peers lists them)`,
  );
}
