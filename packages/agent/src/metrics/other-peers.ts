import type { PeerStatus } from '../control/index.ts';

/** What is counted of a peer. UDP payload, bytes. */
export type PeerBytes = Pick<PeerStatus, 'id' | 'rxBytes' | 'txBytes'>;

interface Sums {
  rxBytes: number;
  txBytes: number;
}

/**
 * The traffic with peers that have no series of their own, as totals that never fall: which peers those
 * are changes, so it is what each gains while it is one of them that is summed.
 */
export class OtherPeers {
  /** By overlay. */
  readonly #sums = new Map<string, Sums>();
  readonly #last = new Map<string, Map<string, PeerBytes>>();

  /**
   * Takes what all peers of an overlay have counted, and returns the totals of the others.
   *
   * @param own those with series of their own. @param others the rest.
   */
  count(overlay: string, own: readonly PeerBytes[], others: readonly PeerBytes[]): Sums {
    const last = this.#last.get(overlay);
    const sums = this.#sums.get(overlay) ?? { rxBytes: 0, txBytes: 0 };
    for (const { id, rxBytes, txBytes } of others) {
      const before = last?.get(id);
      sums.rxBytes += gained(before?.rxBytes, rxBytes);
      sums.txBytes += gained(before?.txBytes, txBytes);
    }
    this.#sums.set(overlay, sums);
    this.#last.set(overlay, new Map([...own, ...others].map(peer => [peer.id, peer])));
    return sums;
  }
}

/** A count that fell began anew: the peer was forgotten and came back. */
function gained(before = 0, now: number): number {
  return now >= before ? now - before : now;
}
