import { decodeNodeRecord, type NodeRecord, type PinStore } from '@evio/session';
import { EvioError, type NodeId } from '@evio/types';

/** A node that belongs to the overlay and is, or lately was, there. */
export interface OverlayMember {
  readonly record: NodeRecord;
  /** The record as it was signed, for others. */
  readonly signed: Uint8Array;
  /** The full JID it announces itself with; undefined while the server does not know it. */
  readonly jid: string | undefined;
}

/** What an announcement meant. */
export type Admission =
  | {
      /** `moved`: the same record from another JID. */
      readonly kind: 'joined' | 'restarted' | 'moved' | 'unchanged';
      readonly member: OverlayMember;
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
  readonly #byId = new Map<NodeId, OverlayMember>();
  /** The node that the server last showed for an account, also after it left. */
  readonly #vouched = new Map<string, NodeId>();

  constructor(options: { overlay: string; self: NodeId; pins: PinStore }) {
    this.#overlay = options.overlay;
    this.#self = options.self;
    this.#pins = options.pins;
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
    for (const member of this.#byId.values()) if (member.jid === jid) return member;
    return undefined;
  }

  /**
   * Takes the record that `account` announced from `jid`.
   *
   * @throws EvioError `RECORD_*` for one that is damaged or forged, `RECORD_FOREIGN` for another
   *   overlay's or account's, `KEY_CHANGED` when the account is pinned to another key,
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
    const known = this.#byId.get(record.id);
    if (known !== undefined && record.sequence < known.record.sequence) {
      throw new EvioError('RECORD_STALE', `${jid} announced an older record than it had before`);
    }
    this.#vouched.set(account, record.id);
    return this.#admit({ record, signed: bytes, jid });
  }

  /**
   * Takes a record that came through the overlay.
   *
   * @throws EvioError `RECORD_*` and `KEY_CHANGED` as {@link announce}; `RECORD_UNVOUCHED` when
   *   neither the server nor a session ever showed that the account has these keys.
   */
  relayed(bytes: Uint8Array): Admission {
    const record = decodeNodeRecord(bytes);
    const { account, id, overlay, sequence } = record;
    if (overlay !== this.#overlay) {
      throw new EvioError('RECORD_FOREIGN', `${account} is in overlay "${overlay}"`);
    }
    if (id === this.#self) return { kind: 'self' };
    const { verdict } = this.#pins.check(this.#overlay, account, record);
    if (verdict !== 'known' && this.#vouched.get(account) !== id) {
      throw new EvioError('RECORD_UNVOUCHED', `nothing shows that ${id} is ${account}`);
    }
    const known = this.#byId.get(id);
    if (known !== undefined && sequence < known.record.sequence) {
      throw new EvioError('RECORD_STALE', `an older record of ${account} came through the overlay`);
    }
    return this.#admit({ record, signed: bytes, jid: known?.jid });
  }

  /** The server says that the node at `jid` went away. Returns it if it is a member. */
  leave(jid: string): OverlayMember | undefined {
    const member = this.byJid(jid);
    if (member === undefined) return undefined;
    const left = { ...member, jid: undefined };
    this.#byId.set(member.record.id, left);
    return left;
  }

  /** It is not a member any more. */
  forget(id: NodeId): void {
    this.#byId.delete(id);
  }

  #admit(member: OverlayMember): Admission {
    const { account, id, sequence } = member.record;
    const known = this.#byId.get(id);
    // One account is one node: with a new key it is another, and the former is no more.
    for (const [otherId, { record: other }] of this.#byId) {
      if (other.account === account && otherId !== id) this.#byId.delete(otherId);
    }
    this.#byId.set(id, member);
    if (known === undefined) return { kind: 'joined', member };
    if (known.record.sequence !== sequence) return { kind: 'restarted', member };
    return { kind: known.jid === member.jid ? 'unchanged' : 'moved', member };
  }

  /** The member that an id, account, name or overlay address names; the node itself is not one. */
  find(name: string): OverlayMember | undefined {
    for (const member of this.#byId.values()) {
      const { id, account, name: nodeName, addresses } = member.record;
      const hosts = addresses.map(address => address.split('/')[0]);
      if (name === id || name === account || name === nodeName || hosts.includes(name)) {
        return member;
      }
    }
    return undefined;
  }
}
