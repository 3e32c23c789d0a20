import type { Network } from './network.ts';

/** How many living carriers have no link to the living carrier right behind them. */
export function ringGaps(network: Network): number {
  const ring = network.living.filter(({ leaf }) => !leaf).sort((a, b) => (a.id < b.id ? -1 : 1));
  let gaps = 0;
  ring.forEach((node, index) => {
    const next = ring[(index + 1) % ring.length];
    if (!next || next === node) return;
    const linked =
      node.topology.neighbours.has(network.pointFor(node, next.id)) &&
      next.topology.neighbours.has(network.pointFor(next, node.id));
    if (!linked || !network.connected(node, next)) gaps += 1;
  });
  return gaps;
}

/** How many links living nodes still count on though the other end is dead. */
export function deadLinks(network: Network): number {
  let dead = 0;
  for (const node of network.living) {
    for (const [point, { stalled }] of node.topology.neighbours) {
      const peer = network.nodes.get(point.id);
      if (!stalled && !(peer && network.connected(node, peer))) dead += 1;
    }
  }
  return dead;
}
