import type { FloodPart } from '@evio/topology';
import type { NodeId } from '@evio/types';
import type { Network } from './network.ts';
import type { SimNode } from './sim-node.ts';

export interface FloodResult {
  /** Members that got it, without the origin. */
  readonly reached: number;
  /** Copies that came to a member that had it. */
  readonly duplicates: number;
  readonly maxDepth: number;
}

interface Copy {
  readonly to: SimNode;
  readonly part: { begin?: NodeId; end: NodeId };
  readonly depth: number;
}

/** Sends one broadcast by the nodes' own tables, at one instant. */
export function flood(network: Network, origin: SimNode): FloodResult {
  const seen = new Set<SimNode>([origin]);
  let duplicates = 0;
  let maxDepth = 0;
  const copies: Copy[] = [];
  const pass = (node: SimNode, part: FloodPart, depth: number) => {
    const from = network.pointFor(node, origin.id);
    for (const { peer, begin, end } of node.topology.flood.pass(from, part)) {
      const to = network.nodes.get(peer.id);
      if (!to || !network.transport.connected(node, to)) continue;
      copies.push({ to, part: { ...(begin && { begin: begin.id }), end: end.id }, depth });
    }
  };
  if (origin.leaf) {
    const first = origin.topology.flood.startFromLeaf();
    const to = first && network.nodes.get(first.peer.id);
    if (to) copies.push({ to, part: { end: to.id }, depth: 1 });
  } else pass(origin, { end: origin.topology.self }, 1);
  for (let copy = copies.pop(); copy; copy = copies.pop()) {
    const { to, part, depth } = copy;
    const point = (id: NodeId) => network.pointFor(to, id);
    const end = point(part.end);
    const received = part.begin ? { begin: point(part.begin), end } : { end };
    if (to.topology.flood.isInside(received)) {
      if (seen.has(to)) {
        duplicates += 1;
        continue;
      }
      seen.add(to);
      maxDepth = Math.max(maxDepth, depth);
    }
    if (!to.leaf) pass(to, received, depth + 1);
  }
  return { reached: seen.size - 1, duplicates, maxDepth };
}
