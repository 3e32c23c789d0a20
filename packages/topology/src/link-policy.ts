import type { LinkRole, NodeId } from '@evio/types';

export type { LinkRole } from '@evio/types';

/** A node of the overlay as far as topology is concerned. */
export interface Member {
  readonly id: NodeId;
  /** Bare JID, as static links name it. */
  readonly account: string;
  /** Its configured name, the other way to name it. */
  readonly name: string;
}

/** Decides which of the known members a node keeps a link to. */
export interface LinkPolicy {
  /** The wanted links of `self` among `members` (which may or may not contain `self`). */
  links(self: NodeId, members: readonly Member[]): ReadonlyMap<NodeId, LinkRole>;
}
