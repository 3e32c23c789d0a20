import type { PeerEvent } from '@evio/signaling';
import type { EvioError } from '@evio/types';

/** A node that shows its record at the server. */
export type Announcement = Extract<PeerEvent, { type: 'available' }>;

/** Accounts that were refused, with what they announced, until they show something better. */
export class RefusedAccounts {
  readonly #refused = new Map<string, { event: Announcement; error: EvioError }>();

  /** Why each is refused. */
  get errors(): ReadonlyMap<string, EvioError> {
    return new Map([...this.#refused].map(([account, { error }]) => [account, error]));
  }

  /** Returns whether this is another reason than before. */
  refuse(event: Announcement, error: EvioError): boolean {
    const before = this.#refused.get(event.account)?.error.message;
    this.#refused.set(event.account, { event, error });
    return before !== error.message;
  }

  accepted(account: string): void {
    this.#refused.delete(account);
  }

  /** The node at `jid` is gone. Not when it was the account's former node that went. */
  gone(account: string, jid: string): void {
    if (this.#refused.get(account)?.event.jid === jid) this.#refused.delete(account);
  }

  /** What an account announced, to be looked at once more. */
  announcementOf(account: string): Announcement | undefined {
    return this.#refused.get(account)?.event;
  }

  /** What was refused with this code, to be looked at once more. */
  withCode(code: string): Announcement[] {
    return [...this.#refused.values()]
      .filter(({ error }) => error.code === code)
      .map(({ event }) => event);
  }
}
