import type { NodeId } from '@evio/types';
import type { LinkPolicy, LinkRole, Member } from './link-policy.ts';
import { ringSuccessors } from './ring.ts';

/** What the configuration says of links. */
export interface FullMeshOptions {
  /** How many clockwise neighbours bear the role `successor`. */
  readonly successors: number;
  /** Ids, accounts or names whose links bear the role `static`. */
  readonly static: readonly string[];
}

/** Every member links to every other; the roles are those that the ring would give. */
export class FullMesh implements LinkPolicy {
  readonly #options: FullMeshOptions;

  constructor(options: FullMeshOptions) {
    this.#options = options;
  }

  links(self: NodeId, members: readonly Member[]): ReadonlyMap<NodeId, LinkRole> {
    const ids = members.map(({ id }) => id);
    const successors = new Set(ringSuccessors(self, ids, this.#options.successors));
    const wanted = new Set(this.#options.static);
    const links = new Map<NodeId, LinkRole>();
    for (const { id, account, name } of members) {
      if (id === self) continue;
      if (wanted.has(id) || wanted.has(account) || wanted.has(name)) links.set(id, 'static');
      else links.set(id, successors.has(id) ? 'successor' : 'shortcut');
    }
    return links;
  }
}
