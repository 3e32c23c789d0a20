import type { Network } from './network.ts';
import type { SimNode } from './sim-node.ts';

function linked(network: Network, from: SimNode, to: SimNode): boolean {
  return (
    from.topology.neighbours.has(network.pointFor(from, to.id)) &&
    network.transport.connected(from, to)
  );
}

/** Whether every carrier among these has a link to the carrier right behind it. */
export function isRingWhole(network: Network, nodes: readonly SimNode[] = network.living): boolean {
  const ring = nodes.filter(({ leaf }) => !leaf).sort((a, b) => (a.id < b.id ? -1 : 1));
  return ring.every((node, index) => {
    const next = ring[(index + 1) % ring.length];
    return !next || next === node || (linked(network, node, next) && linked(network, next, node));
  });
}

/** Whether no living node counts on a link whose other end is dead. */
export function isFreeOfDead(network: Network): boolean {
  return network.living.every(node => {
    for (const [point, { stalled }] of node.topology.neighbours) {
      const peer = network.nodes.get(point.id);
      if (!stalled && !(peer && network.transport.connected(node, peer))) return false;
    }
    return true;
  });
}

/** Nothing is left to heal. */
export function isHealed(network: Network): boolean {
  return isFreeOfDead(network) && isRingWhole(network);
}
