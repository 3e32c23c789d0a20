import { compareNodeIds, type NodeId } from '@evio/types';

/** The number of ids on the ring: 2¹²⁸. */
const RING_SIZE = 1n << 128n;

/** How far `to` lies clockwise of `from` on the ring of 2¹²⁸ ids; 0 when they are the same. */
export function clockwiseDistance(from: NodeId, to: NodeId): bigint {
  const distance = BigInt(`0x${to}`) - BigInt(`0x${from}`);
  return distance < 0n ? distance + RING_SIZE : distance;
}

/** The `count` ids that follow `self` clockwise, nearest first; fewer when there are fewer. */
export function ringSuccessors(self: NodeId, ids: readonly NodeId[], count: number): NodeId[] {
  const others = ids.filter(id => id !== self).sort(compareNodeIds);
  const first = others.findIndex(id => id > self);
  const start = Math.max(first, 0);
  return [...others.slice(start), ...others.slice(0, start)].slice(0, count);
}
