import type { FloodNeighbour, RoutePoint } from '@evio/datapath';
import type { FloodTable, RouteTable } from '@evio/topology';
import type { NodeId } from '@evio/types';
import type { Peer } from '../peer/peer.ts';

/**
 * The topology's tables in the datapath's words. Left out is what leads through a neighbour whose
 * link went in the meantime; the topology hears of that and announces new tables.
 */
type Peers = ReadonlyMap<NodeId, Pick<Peer, 'handle' | 'linked'>>;

/** Where datagrams for others go. */
export function routePoints(
  { points, leafs }: Pick<RouteTable, 'points' | 'leafs'>,
  peers: Peers,
): RoutePoint[] {
  const found: RoutePoint[] = [];
  const add = (id: NodeId, next: NodeId, leaf: boolean) => {
    const peer = peers.get(next);
    if (peer?.linked) found.push({ id, nextHop: peer.handle, ...(leaf && { leaf }) });
  };
  for (const { point, nextHop } of points) add(point.id, nextHop.id, false);
  for (const [leaf, nextHop] of leafs) add(leaf.id, nextHop.id, true);
  return found;
}

/** Among whom a flood is divided. */
export function floodNeighbours(
  { neighbours }: Pick<FloodTable, 'neighbours'>,
  peers: Peers,
): FloodNeighbour[] {
  return neighbours.flatMap(({ id, peer: through, carries }) => {
    const peer = peers.get(through.id);
    return peer?.linked ? [{ id: id.id, peer: peer.handle, carries }] : [];
  });
}
