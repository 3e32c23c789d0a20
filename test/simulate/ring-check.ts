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
