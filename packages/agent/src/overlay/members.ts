import { decodeNodeRecord, type NodeRecord, type PinStore } from '@evio/session';
import { EvioError, type Mac, type NodeId } from '@evio/types';

/** A node that belongs to the overlay and is, or lately was, online. */
export interface OverlayMember {
  readonly record: NodeRecord;
  /** The full JID it announces itself with. */
  readonly jid: string;
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
      /** `updated`: the same node says something new about the pod network, and nothing else. */
      readonly kind: 'joined' | 'restarted' | 'updated' | 'unchanged';
      readonly member: OverlayMember;
    }
  | { readonly kind: 'self' };

/**
 * Who is in the overlay: takes the node records that presence brings, and admits those that are what
 * they claim to be. Pure but for the pins, which live on disk.
 */
export class Members {
  readonly #overlay: string;
  readonly #self: NodeId;
  readonly #pins: PinStore;
  readonly #own: () => OwnAddresses;
  readonly #byId = new Map<NodeId, OverlayMember>();

  constructor(options: { overlay: string; self: NodeId; pins: PinStore; own: () => OwnAddresses }) {
    this.#own = options.own;
    this.#overlay = options.overlay;
    this.#self = options.self;
    this.#pins = options.pins;
  }

  /** Every member that was announced and has not left. */
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
    const known = this.#byId.get(record.id);
    if (known !== undefined && record.sequence < known.record.sequence) {
      throw new EvioError('RECORD_STALE', `${jid} announced an older record than it had before`);
    }
    this.#checkAddresses(record);
    // One account is one node: with a new key it is another, and the former is no more.
    for (const [id, { record: other }] of this.#byId) {
      if (other.account === account && id !== record.id) this.#byId.delete(id);
    }
    const member: OverlayMember = { record, jid };
    this.#byId.set(record.id, member);
    if (known === undefined) return { kind: 'joined', member };
    if (known.jid === jid && isUpdate(known.record, record)) return { kind: 'updated', member };
    const unchanged = known.record.sequence === record.sequence && known.jid === jid;
    return { kind: unchanged ? 'unchanged' : 'restarted', member };
  }

  /** An address or MAC is its first holder's, so that no member can take over another's. */
  #checkAddresses(record: NodeRecord): void {
    const own = { ...this.#own(), account: 'this node' };
    for (const other of [own, ...[...this.#byId.values()].map(member => member.record)]) {
      if (other.account === record.account) continue;
      const held = new Set([other.mac, ...other.addresses.map(hostOf)]);
      const taken = [record.mac, ...record.addresses.map(hostOf)].find(each => held.has(each));
      if (taken === undefined) continue;
      throw new EvioError(
        'ADDRESS_TAKEN',
        `${record.account} announced ${taken}, which ${other.account} has; give one of them another`,
      );
    }
  }

  /** The node at `jid` went away. Returns it if it was a member. */
  leave(jid: string): OverlayMember | undefined {
    const member = this.byJid(jid);
    if (member !== undefined) this.#byId.delete(member.record.id);
    return member;
  }
}

/** Whether all that differs between two records of a node is what they say about the pod network. */
function isUpdate(before: NodeRecord, after: NodeRecord): boolean {
  const text = (value: unknown) => JSON.stringify(value);
  return (
    text(before.pods) !== text(after.pods) &&
    before.name === after.name &&
    before.mac === after.mac &&
    text(before.addresses) === text(after.addresses)
  );
}

/** The address of a CIDR. */
export function hostOf(cidr: string): string {
  return cidr.split('/')[0] ?? cidr;
}
