import type { UnderlayPath, Via } from '@evio/datapath';

/** Where a peer may be reached without a way to it: where it was met, and where it called from. */
export class Whereabouts {
  #lastSeen: UnderlayPath | undefined;
  #calledFrom: UnderlayPath | undefined;

  /** Where it was met last without help: the server being away, it may still be there. */
  get lastSeen(): UnderlayPath | undefined {
    return this.#lastSeen;
  }

  /** Frames reach it there. */
  met(path: UnderlayPath): void {
    this.#lastSeen = path;
  }

  /** A handshake of it came. Only while there is no way to it, where it comes from says anything. */
  called(via: Via, { hasWay }: { readonly hasWay: boolean }): void {
    const isCall = via.kind === 'direct' && !hasWay;
    this.#calledFrom = isCall ? { kind: 'direct', remote: via.remote } : undefined;
  }

  /** The last handshake made keys, which shows that it is where that came from. Undefined: no news. */
  proven(): UnderlayPath | undefined {
    const path = this.#calledFrom;
    if (path !== undefined) this.#lastSeen = path;
    return path;
  }
}
