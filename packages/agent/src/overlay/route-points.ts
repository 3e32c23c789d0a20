import type { RoutePoint } from '@evio/datapath';
import type { RouteTable } from '@evio/topology';
import type { NodeId } from '@evio/types';
import type { Peer } from '../peer/peer.ts';

/**
 * The topology's routes in the datapath's words. Left out is what leads through a neighbour whose
 * link went in the meantime; the topology hears of that and announces new tables.
 */
export function routePoints(
  routes: Pick<RouteTable, 'points' | 'leafs'>,
  peers: ReadonlyMap<NodeId, Pick<Peer, 'handle' | 'linked'>>,
): RoutePoint[] {
  const found: RoutePoint[] = [];
  const add = (id: NodeId, next: NodeId, leaf: boolean) => {
    const peer = peers.get(next);
    if (peer?.linked) found.push({ id, nextHop: peer.handle, ...(leaf && { leaf }) });
  };
  for (const { point, nextHop } of routes.points) add(point.id, nextHop.id, false);
  for (const [leaf, nextHop] of routes.leafs) add(leaf.id, nextHop.id, true);
  return found;
}
