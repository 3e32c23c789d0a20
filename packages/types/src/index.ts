/**
 * The words that all packages share: who a node is, where a datagram goes, what ICE offers.
 *
 * The packages that decide and the packages that do I/O never import each other; they meet in these
 * types, and `agent` carries the values between them.
 *
 * @example
 * const id = parseNodeId('00112233445566778899aabbccddeeff');
 * formatEndpoint(parseEndpoint('[2001:db8::1]:3478')); // '[2001:db8::1]:3478'
 */
export { type Candidate, type CandidateType, formatCandidate } from './candidate.ts';
export {
  addressFamily,
  canonicalAddress,
  type Endpoint,
  formatEndpoint,
  type IpFamily,
  parseEndpoint,
  sameEndpoint,
} from './endpoint.ts';
export { EvioError } from './error.ts';
export {
  formatInvitation,
  type Invitation,
  type InvitedOverlay,
  parseInvitation,
} from './invitation.ts';
export { isLinkRole, LINK_ROLES, type LinkRole } from './link-role.ts';
export { formatMac, type Mac, parseMac } from './mac.ts';
export {
  compareNodeIds,
  isNodeId,
  type NodeId,
  nodeIdBytes,
  nodeIdFromBytes,
  parseNodeId,
} from './node-id.ts';
