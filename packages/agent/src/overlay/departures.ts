import type { NodeId } from '@evio/types';

/** When the overlay calls one dead whom the server calls present, the server is believed after this. */
export const SERVER_KNOWS_BETTER = 5_000;

/**
 * Members of whom it is not clear whether they are there: the server and the overlay each know a part of
 * it. The server is believed about who is there, the overlay about who is reached. Sans-IO, times in
 * milliseconds.
 */
export class Departures {
  /** Without a presence, though the overlay may reach them. */
  readonly #gone = new Set<NodeId>();
  /** Since when the overlay holds somebody dead who is present at the server. */
  readonly #contested = new Map<NodeId, number>();

  /** Those that are kept as long as the overlay reaches them. */
  get gone(): Iterable<NodeId> {
    return this.#gone;
  }

  /** The server shows it. */
  present(id: NodeId): void {
    this.#gone.delete(id);
  }

  /** The server says that it went. */
  left(id: NodeId): void {
    this.#gone.add(id);
  }

  /**
   * The overlay finds that nobody reaches it. Returns whether it is out for good.
   *
   * @param known.online this node is signed in. @param known.present the server shows the member.
   */
  lost(now: number, id: NodeId, known: { readonly online: boolean; readonly present: boolean }) {
    // Without the server it is kept, since the overlay goes on looking for it.
    if (!known.online) this.#gone.add(id);
    // The server called it gone, or knows it only by what others tell.
    else if (!known.present) return true;
    else this.#contested.set(id, now);
    return false;
  }

  /** It is no member any more. */
  forget(id: NodeId): void {
    this.#gone.delete(id);
    this.#contested.delete(id);
  }

  /** Those about whom the server is to be believed now; each is told once. */
  believed(now: number): NodeId[] {
    const due = [...this.#contested].filter(([, since]) => now - since >= SERVER_KNOWS_BETTER);
    for (const [id] of due) this.#contested.delete(id);
    return due.map(([id]) => id);
  }
}
