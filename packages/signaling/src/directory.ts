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
  /** It said that it is not available; at this time it is gone. */
  goneAt?: number | undefined;
}

export interface DirectoryTimes {
  /** After a login: silence, and longest time, until those not seen are gone, in milliseconds. */
  readonly quietMs: number;
  readonly longestMs: number;
  /** From "unavailable" until the peer is gone, in milliseconds. */
  readonly lingerMs: number;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/**
 * The nodes that are available, by full JID. Losing our own connection says nothing about them, so
 * nobody is `gone` by that. After a fresh login the server tells us again who is there; those who
 * are not told once this has settled are gone. After a resumption nothing is in doubt.
 *
 * A peer that says "unavailable" is gone a moment later. A server that shuts down says it for
 * everybody just before it closes our own stream, and then it means nothing; and a node that was
 * restarted is back by then.
 */
export class PeerDirectory {
  readonly #peers = new Map<string, Entry>();
  /** Number of peers of each account that has any. */
  readonly #ofAccount = new Map<string, number>();
  readonly #times: DirectoryTimes;
  #settling: { readonly latest: number; quietAt: number } | undefined;

  constructor(times: DirectoryTimes) {
    this.#times = times;
  }

  get size(): number {
    return this.#peers.size;
  }

  /** Whether we wait to be told that this peer is available, so that it is too early to write. */
  inDoubt(jid: string): boolean {
    return this.#settling !== undefined && this.#peers.get(jid)?.confirmed !== true;
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
    if (this.#settling !== undefined) this.#settling.quietAt = now + this.#times.quietMs;
    if (known !== undefined && sameBytes(known.record, record)) {
      known.confirmed = true;
      known.goneAt = undefined;
      return [];
    }
    if (known === undefined && !this.#hasRoom(account)) return [];
    if (known === undefined) this.#ofAccount.set(account, (this.#ofAccount.get(account) ?? 0) + 1);
    this.#peers.set(jid, { account, record, confirmed: true });
    return [{ type: 'available', jid, account, record }];
  }

  /** A presence said that it is not available, or has no record any more. */
  unavailable(now: number, jid: string): void {
    const known = this.#peers.get(jid);
    if (known !== undefined) known.goneAt ??= now + this.#times.lingerMs;
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
    for (const entry of this.#peers.values()) {
      if (entry.goneAt !== undefined) {
        entry.goneAt = undefined;
        entry.confirmed = false;
      }
    }
  }

  /** The session goes on; what had not settled before it was lost settles now. */
  resumed(now: number): void {
    if (![...this.#peers.values()].some(({ confirmed }) => !confirmed)) return;
    this.#settling = {
      latest: now + this.#times.longestMs,
      quietAt: now + this.#times.quietMs,
    };
  }

  poll(now: number): PeerEvent[] {
    const settled = this.#settledAt();
    const isSettled = settled !== undefined && now >= settled;
    if (isSettled) this.#settling = undefined;
    const due = this.nextTimeout();
    if (!isSettled && (due === undefined || now < due)) return [];
    return this.#remove(({ confirmed, goneAt }) => {
      return (isSettled && !confirmed) || (goneAt !== undefined && now >= goneAt);
    });
  }

  nextTimeout(): number | undefined {
    let first = this.#settledAt();
    for (const { goneAt } of this.#peers.values()) {
      if (goneAt !== undefined && (first === undefined || goneAt < first)) first = goneAt;
    }
    return first;
  }

  #settledAt(): number | undefined {
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
