import type { NodeId } from '@evio/types';

/**
 * Why a link exists: to a ring successor, over a long distance, because a pair talks much, or
 * because the configuration asks for it.
 */
export type LinkRole = 'successor' | 'shortcut' | 'on-demand' | 'static';

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
