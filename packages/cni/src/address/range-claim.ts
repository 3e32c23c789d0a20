import type { NodeId } from '@evio/types';

/**
 * Agrees with the other members on which part of the pod network is this node's, without a server
 * that decides. Sans-IO: records of members in, an announcement for the own record out.
 *
 *   1. A node without a part picks a free one and announces a *pending* claim for it.
 *   2. Every member that hears of it writes down whose the part is, durably, and announces that as a
 *      *vote*: for the first that it heard of. One part never gets a second vote from the same member as
 *      long as the first claim stands.
 *   3. With the votes of more than half of the accounts of the roster group, its own among them, the
 *      claim is *confirmed*. Two nodes cannot both get there, also when the overlay is split, because
 *      two majorities share a member. Only then are addresses handed out.
 *   4. Of two claims on one part, the later (ties: the higher id) is given up for another part, unless it has
 *      won; so is one whose part most members, or a member that is away, have. Who voted for it is free
 *      then, since the newer record says so.
 *
 * A confirmed claim is kept over restarts and partitions, and needs nobody. It ends only when its
 * account leaves the roster group; then its votes are void.
 *
 * Assumed: state is on disk before an announcement goes out, and between two claims of one part fewer
 * than half of the group's accounts were replaced.
 */

/** A claim on one part of the pod network. */
export interface Claim {
  readonly state: 'none' | 'pending' | 'confirmed';
  /** The part; 0 when the state is `none`. */
  readonly index: number;
  /** Greater in every new claim of a node; milliseconds since 1970. */
  readonly since: number;
}

/** Whose a part is, as far as this node is concerned. */
export interface Vote {
  readonly index: number;
  readonly holder: NodeId;
  readonly since: number;
}

/** What a node's record says. */
export interface Announcement {
  readonly claim: Claim;
  readonly votes: readonly Vote[];
}

/** A vote with the account it is for: a reinstalled node has another id and the same right. */
interface PartPromise extends Vote {
  readonly account: string;
}

/** What must survive a restart. JSON. */
export interface ClaimState {
  readonly claim: Claim;
  readonly promises: readonly PartPromise[];
}

export interface Outcome {
  /** To be on disk before `announcement` goes out or an address is handed out. */
  readonly state: ClaimState;
  readonly announcement: Announcement;
  /** The part whose addresses may be handed out. */
  readonly granted: number | undefined;
  /** Why there is none, for people. */
  readonly problem: string | undefined;
}

interface Known {
  readonly id: NodeId;
  readonly sequence: bigint;
  readonly announcement: Announcement;
}

/** More pending claims than this are answered one after the other (a record has no room for more). */
const MOST_VOTES = 8;

/** So long a claim waits for another on the same part that nobody hears of any more. */
const PATIENCE_MS = 30_000;

/**
 * A group of one account is believed after this: a server that was just started may not know the
 * others yet.
 */
const ALONE_MS = 10_000;

const NO_CLAIM: Claim = { state: 'none', index: 0, since: 0 };

export class RangeClaim {
  readonly #self: { readonly id: NodeId; readonly account: string };
  readonly #parts: number;
  readonly #promises: Map<number, PartPromise>;
  readonly #known = new Map<string, Known>();
  #members: ReadonlySet<string>;
  #claim: Claim;
  #problem: string | undefined;

  /** `parts`: how many the pod network has. `state`: what was last on disk. */
  constructor(options: {
    readonly self: { readonly id: NodeId; readonly account: string };
    readonly parts: number;
    readonly state?: ClaimState;
  }) {
    this.#self = options.self;
    this.#parts = options.parts;
    this.#claim = options.state?.claim ?? NO_CLAIM;
    this.#promises = new Map((options.state?.promises ?? []).map(each => [each.index, each]));
    this.#members = new Set([options.self.account]);
  }

  /**
   * The accounts of the roster group, this node's own included; an empty set (not known yet) is passed
   * over. Promises to accounts that are in it no more are void.
   */
  setMembers(accounts: ReadonlySet<string>): void {
    if (accounts.size === 0) return;
    this.#members = new Set([...accounts, this.#self.account]);
    for (const [index, { account }] of this.#promises) {
      if (!this.#members.has(account)) this.#promises.delete(index);
    }
  }

  /** A member's record; of two of one node the one with the greater sequence counts. */
  hear(account: string, id: NodeId, sequence: bigint, announcement: Announcement): void {
    if (account === this.#self.account) return;
    const known = this.#known.get(account);
    if (known?.id === id && sequence <= known.sequence) return;
    if (this.#isOlder(account, announcement.claim)) return;
    this.#known.set(account, { id, sequence, announcement });
    this.#renew(account, id, announcement.claim);
  }

  /** What follows from all that was heard. `now`: milliseconds since 1970. */
  decide(now: number): Outcome {
    this.#problem = undefined;
    this.#promiseOthers();
    if (this.#claim.state === 'confirmed') this.#defend();
    if (this.#claim.state === 'pending' && this.#isLost(now)) this.#drop();
    if (this.#claim.state === 'none') this.#begin(now);
    if (this.#claim.state === 'pending') this.#count(now);
    const claim = this.#claim;
    return {
      state: { claim, promises: [...this.#promises.values()] },
      announcement: { claim, votes: this.#votes() },
      granted: claim.state === 'confirmed' ? claim.index : undefined,
      problem: this.#problem,
    };
  }

  /** The newest of each other member. */
  #heard(): (Known & { readonly account: string })[] {
    return [...this.#known].flatMap(([account, known]) =>
      this.#members.has(account) ? [{ account, ...known }] : [],
    );
  }

  /** Whether a claim is older than what was promised for it, which outlives a restart of this node. */
  #isOlder(account: string, { since }: Claim): boolean {
    for (const promise of this.#promises.values()) {
      if (promise.account === account && since < promise.since) return true;
    }
    return false;
  }

  /** What an account's newest record says about its claim replaces what was promised to it. */
  #renew(account: string, id: NodeId, claim: Claim): void {
    for (const [index, promise] of this.#promises) {
      if (promise.account !== account) continue;
      const stands = claim.state !== 'none' && claim.index === index;
      if (!stands) this.#promises.delete(index);
      else this.#promises.set(index, { account, index, holder: id, since: claim.since });
    }
  }

  /** Promises each claimed part to the first that wants it; of several at once, to the earliest. */
  #promiseOthers(): void {
    const claims = this.#heard().map(({ account, id, announcement }) => ({
      account,
      id,
      ...announcement.claim,
    }));
    claims.sort((a, b) => rank(a.state) - rank(b.state) || before(a, b));
    for (const { account, id, state, index, since } of claims) {
      if (state === 'none' || index >= this.#parts) continue;
      const held = this.#promises.get(index);
      // A confirmed claim has a majority; what this node had promised meanwhile cannot get one.
      const outvoted =
        state === 'confirmed' && held?.account !== account && !this.#isConfirmed(held);
      if (held === undefined || outvoted)
        this.#promises.set(index, { account, index, holder: id, since });
    }
  }

  #isConfirmed(promise: PartPromise | undefined): boolean {
    if (promise === undefined) return false;
    if (promise.account === this.#self.account) return this.#claim.state === 'confirmed';
    const claim = this.#known.get(promise.account)?.announcement.claim;
    return claim === undefined || (claim.state === 'confirmed' && claim.index === promise.index);
  }

  /** Two confirmed claims of one part mean lost state, or a group that was replaced: the later goes. */
  #defend(): void {
    const own = { ...this.#claim, id: this.#self.id };
    for (const { account, id, announcement } of this.#heard()) {
      const { claim } = announcement;
      if (claim.state !== 'confirmed' || claim.index !== own.index) continue;
      if (before({ ...claim, id }, own) < 0) {
        this.#promises.set(own.index, {
          account,
          index: own.index,
          holder: id,
          since: claim.since,
        });
        this.#claim = { ...NO_CLAIM, since: own.since };
        this.#problem = `${account} has this node's pod range, and had it first; another is claimed`;
        return;
      }
    }
  }

  /** Whether the pending claim is to be given up for one of another part; it is always safe to do so. */
  #isLost(now: number): boolean {
    const { index, since } = this.#claim;
    if (this.#promises.get(index)?.account !== this.#self.account) return true;
    const own = { since, id: this.#self.id };
    const against = new Map<NodeId, number>();
    for (const { id, announcement } of this.#heard()) {
      const { claim, votes } = announcement;
      if (claim.state !== 'none' && claim.index === index && before({ ...claim, id }, own) < 0)
        return true;
      const vote = votes.find(each => each.index === index && each.holder !== own.id);
      // A voter may not have heard yet that its candidate gave the claim up.
      if (vote === undefined || this.#isGivenUp(vote)) continue;
      // Its holder may be away, and have the part for good.
      if (!this.#isHeard(vote.holder)) return true;
      against.set(vote.holder, (against.get(vote.holder) ?? 1) + 1);
    }
    // The holder of a later claim gives way as soon as it hears of this one, unless it has won already.
    const most = Math.max(0, ...against.values());
    return most >= this.#majority || (most > 0 && now - since > PATIENCE_MS);
  }

  #isHeard(node: NodeId): boolean {
    return this.#heard().some(({ id }) => id === node);
  }

  get #majority(): number {
    return Math.floor(this.#members.size / 2) + 1;
  }

  #isGivenUp(vote: Vote): boolean {
    for (const { id, announcement } of this.#heard()) {
      if (id !== vote.holder) continue;
      const { claim } = announcement;
      return claim.since > vote.since || (claim.since === vote.since && claim.state === 'none');
    }
    return false;
  }

  #drop(): void {
    const { index, since } = this.#claim;
    if (this.#promises.get(index)?.account === this.#self.account) this.#promises.delete(index);
    this.#claim = { ...NO_CLAIM, since };
  }

  #begin(now: number): void {
    const index = this.#free();
    if (index === undefined) {
      this.#problem = `all ${this.#parts} parts of the pod network are taken`;
      return;
    }
    const since = Math.max(Math.trunc(now), this.#claim.since + 1);
    this.#claim = { state: 'pending', index, since };
    this.#promises.set(index, { account: this.#self.account, holder: this.#self.id, index, since });
  }

  /** Begins at a place that follows from the account, so that nodes rarely want the same. */
  #free(): number | undefined {
    const taken = new Set(this.#promises.keys());
    for (const { announcement } of this.#heard()) {
      if (announcement.claim.state !== 'none') taken.add(announcement.claim.index);
      for (const vote of announcement.votes) if (!this.#isGivenUp(vote)) taken.add(vote.index);
    }
    const start = hash(this.#self.account) % this.#parts;
    for (let step = 0; step < this.#parts; step++) {
      const index = (start + step) % this.#parts;
      if (!taken.has(index)) return index;
    }
    return undefined;
  }

  #count(now: number): void {
    const { index, since } = this.#claim;
    let votes = 1;
    for (const { announcement } of this.#heard()) {
      const agrees = announcement.votes.some(
        vote => vote.index === index && vote.holder === this.#self.id && vote.since === since,
      );
      if (agrees) votes += 1;
    }
    const needed = this.#majority;
    if (this.#members.size === 1 && now - since < ALONE_MS) {
      this.#problem = 'no other account is in the group; waiting whether one appears';
      return;
    }
    if (votes >= needed) this.#claim = { ...this.#claim, state: 'confirmed' };
    else {
      this.#problem = `${votes} of the ${needed} accounts that are needed agree to this node's pod range`;
    }
  }

  /** On pending claims of others, the newest first: what was promised for the part that they want. */
  #votes(): Vote[] {
    const pending = this.#heard()
      .map(({ announcement }) => announcement.claim)
      .filter(({ state }) => state === 'pending')
      .sort((a, b) => b.since - a.since || a.index - b.index);
    const wanted = [...new Set(pending.map(({ index }) => index))];
    return wanted.slice(0, MOST_VOTES).flatMap(index => {
      const promise = this.#promises.get(index);
      return promise === undefined ? [] : [{ index, holder: promise.holder, since: promise.since }];
    });
  }
}

/** Confirmed before pending. */
const rank = (state: Claim['state']): number => (state === 'confirmed' ? 0 : 1);

interface Dated {
  readonly since: number;
  readonly id: NodeId;
}

/** Negative when `a` came before `b`. */
function before(a: Dated, b: Dated): number {
  return a.since - b.since || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** FNV-1a. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text))
    state = Math.imul(state ^ byte, 0x01000193) >>> 0;
  return state;
}
