import { decodeNodeRecord, type NodeRecord, type PinStore } from '@evio/session';
import { EvioError, type Mac, type NodeId } from '@evio/types';

/** A node that belongs to the overlay and is, or lately was, there. */
export interface OverlayMember {
  readonly record: NodeRecord;
  /** The record as it was signed, for others. */
  readonly signed: Uint8Array;
  /** The full JID it announces itself with; undefined while the server does not know it. */
  readonly jid: string | undefined;
}

/** What this node has in the overlay: nobody else may claim it. */
export interface OwnAddresses {
  readonly mac: Mac;
  /** CIDRs. */
  readonly addresses: readonly string[];
}

/** What an announcement meant. */
export type Admission =
  | {
      /**
       * `moved`: the same record from another JID. `updated`: a newer record of the same process.
       */
      readonly kind: 'joined' | 'restarted' | 'updated' | 'moved' | 'unchanged';
      readonly member: OverlayMember;
      /** The node that this account was before it had another key; it is no member any more. */
      readonly replaced?: OverlayMember;
    }
  | { readonly kind: 'self' };

/**
 * Who is in the overlay: takes the node records that presence and other members bring, and admits
 * those that are what they claim to be. Pure but for the pins, which live on disk.
 *
 * The server vouches for the account that a presence comes from; members that pass on a record do
 * not. So the overlay may bring news of nodes that were seen before, never a new key.
 */
export class Members {
  readonly #overlay: string;
  readonly #self: NodeId;
  readonly #pins: PinStore;
  readonly #own: () => OwnAddresses;
  readonly #byId = new Map<NodeId, OverlayMember>();
  readonly #byAccount = new Map<string, OverlayMember>();
  readonly #byJid = new Map<string, OverlayMember>();
  /** By MAC and by address. */
  readonly #holders = new Map<string, OverlayMember>();
  /** The node that the server last showed for an account, also after it left. */
  readonly #vouched = new Map<string, NodeId>();
  /** The accounts of the roster group as it was last known; undefined before the first roster. */
  #accounts: { has(account: string): boolean } | undefined;

  constructor(options: { overlay: string; self: NodeId; pins: PinStore; own: () => OwnAddresses }) {
    this.#overlay = options.overlay;
    this.#self = options.self;
    this.#pins = options.pins;
    this.#own = options.own;
  }

  /** Every member that was announced and is not {@link forget | forgotten}. */
  all(): OverlayMember[] {
    return [...this.#byId.values()];
  }

  get(id: NodeId): OverlayMember | undefined {
    return this.#byId.get(id);
  }

  /** The member that speaks from a full JID. */
  byJid(jid: string): OverlayMember | undefined {
    return this.#byJid.get(jid);
  }

  /** Only nodes of these accounts are members. Returns those that are none any more. */
  useAccounts(accounts: { has(account: string): boolean }): OverlayMember[] {
    this.#accounts = accounts;
    const out = this.all().filter(({ record }) => !accounts.has(record.account));
    for (const { record } of out) {
      this.forget(record.id);
      this.#vouched.delete(record.account);
    }
    return out;
  }

  /**
   * Takes the record that `account` announced from `jid`.
   *
   * @throws EvioError `RECORD_*` for one that is damaged or forged, `RECORD_FOREIGN` for another
   *   overlay's or account's, `KEY_CHANGED` when the account is pinned to another key,
   *   `ADDRESS_TAKEN` when another node, or this one, has its MAC or an address of it,
   *   `RECORD_STALE` for one older than what is known.
   */
  announce(jid: string, account: string, bytes: Uint8Array): Admission {
    const record = decodeNodeRecord(bytes);
    if (record.overlay !== this.#overlay || record.account !== account) {
      throw new EvioError(
        'RECORD_FOREIGN',
        `${jid} announced a record of ${record.account} in overlay "${record.overlay}", ` +
          `expected ${account} in "${this.#overlay}"`,
      );
    }
    if (record.id === this.#self) return { kind: 'self' };
    this.#pins.check(this.#overlay, account, record);
    this.#checkSequence(record, jid);
    this.#checkAddresses(record);
    this.#vouched.set(account, record.id);
    return this.#admit({ record, signed: bytes, jid });
  }

  /**
   * Takes a record that came through the overlay.
   *
   * @throws EvioError as {@link announce}, and `RECORD_UNVOUCHED` when neither the server nor a
   *   session ever showed that the account has these keys, or when it is not of the group.
   */
  relayed(bytes: Uint8Array): Admission {
    const record = decodeNodeRecord(bytes);
    const { account, id, overlay } = record;
    if (overlay !== this.#overlay) {
      throw new EvioError('RECORD_FOREIGN', `${account} is in overlay "${overlay}"`);
    }
    if (id === this.#self) return { kind: 'self' };
    const { verdict } = this.#pins.check(this.#overlay, account, record);
    if (verdict !== 'known' && this.#vouched.get(account) !== id) {
      throw new EvioError('RECORD_UNVOUCHED', `nothing shows that ${id} is ${account}`);
    }
    if (this.#accounts?.has(account) === false) {
      throw new EvioError('RECORD_UNVOUCHED', `${account} is not in the roster group`);
    }
    this.#checkSequence(record, 'the overlay');
    this.#checkAddresses(record);
    return this.#admit({ record, signed: bytes, jid: this.#byId.get(id)?.jid });
  }

  /** The server says that the node at `jid` went away. Returns it if it is a member. */
  leave(jid: string): OverlayMember | undefined {
    const member = this.byJid(jid);
    if (member === undefined) return undefined;
    this.#put({ ...member, jid: undefined });
    return member;
  }

  /** It is not a member any more, or nobody knows of it. */
  forget(id: NodeId): void {
    const member = this.#byId.get(id);
    if (member === undefined) return;
    this.#byId.delete(id);
    this.#byAccount.delete(member.record.account);
    if (member.jid !== undefined) this.#byJid.delete(member.jid);
    for (const held of holdings(member.record)) this.#holders.delete(held);
  }

  #checkSequence({ id, sequence }: NodeRecord, source: string): void {
    const known = this.#byId.get(id);
    if (known === undefined || sequence >= known.record.sequence) return;
    throw new EvioError('RECORD_STALE', `${source} announced an older record than it had before`);
  }

  /** An address or MAC is its first holder's, so that no member can take over another's. */
  #checkAddresses(record: NodeRecord): void {
    const own = this.#own();
    const ours = new Set([own.mac, ...own.addresses.map(hostOf)]);
    for (const wanted of holdings(record)) {
      const holder = this.#holders.get(wanted)?.record.account;
      if (!ours.has(wanted) && (holder === undefined || holder === record.account)) continue;
      throw new EvioError(
        'ADDRESS_TAKEN',
        `${record.account} announced ${wanted}, which ${holder ?? 'this node'} has; ` +
          'give one of them another',
      );
    }
  }

  #admit(member: OverlayMember): Admission {
    const { account, id, sequence } = member.record;
    const known = this.#byId.get(id);
    // One account is one node: with a new key it is another, and the former is no more.
    const former = this.#byAccount.get(account);
    const replaced = former?.record.id === id ? undefined : former;
    if (replaced !== undefined) this.forget(replaced.record.id);
    this.#put(member);
    if (known === undefined) return { kind: 'joined', member, ...(replaced && { replaced }) };
    if (known.record.sequence !== sequence) {
      return { kind: isUpdate(known, member) ? 'updated' : 'restarted', member };
    }
    return { kind: known.jid === member.jid ? 'unchanged' : 'moved', member };
  }

  #put(member: OverlayMember): void {
    this.forget(member.record.id);
    this.#byId.set(member.record.id, member);
    this.#byAccount.set(member.record.account, member);
    if (member.jid !== undefined) this.#byJid.set(member.jid, member);
    for (const held of holdings(member.record)) this.#holders.set(held, member);
  }
}

/** What nobody else may have. */
function holdings({ mac, addresses }: NodeRecord): string[] {
  return [mac, ...addresses.map(hostOf)];
}

/**
 * Whether two records are of the same process. Where they do not say so, those are taken for it between
 * which all that differs is what they say about the pod network.
 */
function isUpdate(known: OverlayMember, news: OverlayMember): boolean {
  const { record: before, jid } = known;
  const { record: after } = news;
  if (before.incarnation !== undefined || after.incarnation !== undefined) {
    return before.incarnation === after.incarnation;
  }
  if (jid !== news.jid) return false;
  const rest = (record: NodeRecord) => JSON.stringify({ ...record, pods: undefined, sequence: 0 });
  const pods = (record: NodeRecord) => JSON.stringify(record.pods);
  return pods(before) !== pods(after) && rest(before) === rest(after);
}

/** The address of a CIDR. */
export function hostOf(cidr: string): string {
  return cidr.split('/')[0] ?? cidr;
}
