import type { Random } from './curve25519.ts';

/**
 * The session indexes of a process: random, unique, each with its owner, so that a response or an
 * event that carries only an index finds its session.
 *
 * @example
 * const indexes = new SessionIndexes<string>(random);
 * const index = indexes.allocate('edge-b');
 * indexes.ownerOf(index); // 'edge-b'
 */
export class SessionIndexes<Owner> {
  readonly #random: Random;
  readonly #owners = new Map<number, Owner>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** An index from 0 to 2³² − 1 that nobody has. */
  allocate(owner: Owner): number {
    for (;;) {
      const bytes = this.#random(4);
      const index = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
      if (this.#owners.has(index)) continue;
      this.#owners.set(index, owner);
      return index;
    }
  }

  /** Gives an index back. It may be allocated again. */
  release(index: number): void {
    this.#owners.delete(index);
  }

  ownerOf(index: number): Owner | undefined {
    return this.#owners.get(index);
  }

  get size(): number {
    return this.#owners.size;
  }
}
