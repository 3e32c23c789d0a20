import xml, { type Element } from '@xmpp/xml';
import { readJid } from './jid.ts';
import { MAX_MEMBERS } from './limits.ts';
import { NS_ROSTER } from './namespaces.ts';

/** The query for the roster (RFC 6121 §2.1.3). */
export function rosterQuery(): Element {
  return xml('query', { xmlns: NS_ROSTER });
}

/** Who belongs to the overlay, for those who only ask. */
export interface Members {
  /** Whether this bare JID is a member. */
  has(account: string): boolean;
  /** Bare JIDs of all of them, our own included. */
  accounts(): ReadonlySet<string>;
}

/**
 * Who belongs to the overlay: the accounts that the roster has in our group, and our own. A roster
 * comes from our own server; its pushes are checked for that before they get here.
 */
export class Membership implements Members {
  readonly #self: string;
  readonly #group: string;
  #members = new Set<string>();

  /** @param self bare JID of our account */
  constructor(self: string, group: string) {
    this.#self = self;
    this.#group = group;
  }

  has(account: string): boolean {
    return account === this.#self || this.#members.has(account);
  }

  accounts(): ReadonlySet<string> {
    return new Set([this.#self, ...this.#members]);
  }

  /** Number of members besides ourselves. */
  get size(): number {
    return this.#members.size;
  }

  /** Replaces everything by the result of a roster query; `query` may be empty. */
  replace(query: Element | undefined): void {
    this.#members = new Set();
    if (query !== undefined) this.apply(query);
  }

  /** Applies a roster push (RFC 6121 §2.1.6), or the items of a result. */
  apply(query: Element): void {
    for (const item of query.getChildren('item', NS_ROSTER)) {
      const jid = readJid(item.attrs.jid);
      if (jid === undefined || jid.resource !== '' || jid.bare === this.#self) continue;
      const inGroup =
        item.attrs.subscription !== 'remove' &&
        item.getChildren('group', NS_ROSTER).some(group => group.getText() === this.#group);
      if (!inGroup) this.#members.delete(jid.bare);
      else if (this.#members.size < MAX_MEMBERS) this.#members.add(jid.bare);
    }
  }
}
