import type { NodeRecord, PodClaim } from '@evio/session';

/** What the records of an overlay's members have to do with the division of the pod network. */
export interface PodClaims {
  /** For this node's own record. */
  announcement(): PodClaim;
  /** A member's record, as it was admitted. */
  hear(record: NodeRecord): void;
  /** The accounts of the roster group. */
  setMembers(accounts: ReadonlySet<string>): void;
}
