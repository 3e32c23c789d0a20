import { MAX_PEERS, MAX_PEERS_PER_ACCOUNT } from './limits.ts';

/** A change of the peer directory. `jid` is a full JID, `account` its bare JID. */
export type PeerEvent =
  | {
      readonly type: 'available';
      readonly jid: string;
      readonly account: string;
      /** As the peer announced it; not verified here. */
      readonly record: Uint8Array;
    }
  | { readonly type: 'gone'; readonly jid: string; readonly account: string };

interface Entry {
  readonly account: string;
  readonly record: Uint8Array;
  /** Whether its presence came since our last login. */
  confirmed: boolean;
}

/** After a login: so long after the last confirmation, and at the latest, those not seen are gone. */
export const SETTLE = { quietMs: 3000, longestMs: 15_000 } as const;

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/**
 * The nodes that are available, by full JID. Losing our own connection says nothing about them, so
 * nobody is `gone` by that. After a fresh login the server tells us again who is there; those who
 * are not told once this has settled are gone. After a resumption nothing is in doubt.
 */
export class PeerDirectory {
  readonly #peers = new Map<string, Entry>();
  /** Number of peers of each account that has any. */
  readonly #ofAccount = new Map<string, number>();
  readonly #settle: { readonly quietMs: number; readonly longestMs: number };
  #settling: { readonly latest: number; quietAt: number } | undefined;

  constructor(settle: { readonly quietMs: number; readonly longestMs: number } = SETTLE) {
    this.#settle = settle;
  }

  get size(): number {
    return this.#peers.size;
  }

  /** Those available now, as events. */
  current(): PeerEvent[] {
    return [...this.#peers].map(([jid, { account, record }]) => {
      return { type: 'available', jid, account, record };
    });
  }

  /** A presence with a node record came. */
  available(now: number, jid: string, account: string, record: Uint8Array): PeerEvent[] {
    const known = this.#peers.get(jid);
    if (this.#settling !== undefined) this.#settling.quietAt = now + this.#settle.quietMs;
    if (known !== undefined && sameBytes(known.record, record)) {
      known.confirmed = true;
      return [];
    }
    if (known === undefined && !this.#hasRoom(account)) return [];
    if (known === undefined) this.#ofAccount.set(account, (this.#ofAccount.get(account) ?? 0) + 1);
    this.#peers.set(jid, { account, record, confirmed: true });
    return [{ type: 'available', jid, account, record }];
  }

  /** A presence said that it is not available, or has no record any more. */
  unavailable(jid: string): PeerEvent[] {
    const known = this.#peers.get(jid);
    return known === undefined ? [] : [this.#delete(jid, known.account)];
  }

  /** The group changed: those who are not members any more are gone. */
  retain(isMember: (account: string) => boolean): PeerEvent[] {
    return this.#remove(({ account }) => !isMember(account));
  }

  /** A fresh login: presence of everybody is about to come again. */
  reconcile(now: number): void {
    for (const entry of this.#peers.values()) entry.confirmed = false;
    this.resumed(now);
  }

  /** The connection was lost: nothing is decided until it is back. */
  suspend(): void {
    this.#settling = undefined;
  }

  /** The session goes on; what had not settled before it was lost settles now. */
  resumed(now: number): void {
    if (![...this.#peers.values()].some(({ confirmed }) => !confirmed)) return;
    this.#settling = {
      latest: now + this.#settle.longestMs,
      quietAt: now + this.#settle.quietMs,
    };
  }

  poll(now: number): PeerEvent[] {
    const due = this.nextTimeout();
    if (due === undefined || now < due) return [];
    this.#settling = undefined;
    return this.#remove(({ confirmed }) => !confirmed);
  }

  nextTimeout(): number | undefined {
    return this.#settling && Math.min(this.#settling.latest, this.#settling.quietAt);
  }

  #hasRoom(account: string): boolean {
    const ofAccount = this.#ofAccount.get(account) ?? 0;
    return this.#peers.size < MAX_PEERS && ofAccount < MAX_PEERS_PER_ACCOUNT;
  }

  #remove(which: (entry: Entry) => boolean): PeerEvent[] {
    const gone = [...this.#peers].filter(([, entry]) => which(entry));
    return gone.map(([jid, { account }]) => this.#delete(jid, account));
  }

  #delete(jid: string, account: string): PeerEvent {
    this.#peers.delete(jid);
    const left = (this.#ofAccount.get(account) ?? 1) - 1;
    if (left === 0) this.#ofAccount.delete(account);
    else this.#ofAccount.set(account, left);
    return { type: 'gone', jid, account };
  }
}
