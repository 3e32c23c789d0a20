import { type NodeId, parseNodeId } from '@evio/types';

/** The id of a test's node: their order on the ring is that of their numbers, up to 255. */
export function idOf(number: number): NodeId {
  return parseNodeId(number.toString(16).padStart(2, '0').padEnd(32, '0'));
}
