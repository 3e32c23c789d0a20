import { type NodeId, parseNodeId } from '@evio/types';

/** Ids that differ, for tests with many nodes. */
export function nodeIdFromNumber(number: number): NodeId {
  return parseNodeId(number.toString(16).padStart(32, '0'));
}
