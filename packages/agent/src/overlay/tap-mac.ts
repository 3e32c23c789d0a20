import { createHash } from 'node:crypto';
import { formatMac, type Mac, type NodeId } from '@evio/types';

/**
 * The MAC of a node's TAP in an overlay: the same after every restart, so that the neighbours' ARP
 * entries stay right. Locally administered, unicast (IEEE 802, the two low bits of the first byte).
 */
export function tapMac(id: NodeId, overlay: string): Mac {
  const bytes = createHash('sha256').update(`evio-tap/${id}/${overlay}`).digest().subarray(0, 6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return formatMac(bytes);
}
