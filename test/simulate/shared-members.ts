import { type MemberDirectory, type MemberEntry, Members, type RingPoint } from '@evio/topology';
import type { NodeId } from '@evio/types';

/**
 * What the signaling server tells everybody, kept once for all nodes: with 10,000 nodes that know
 * 10,000 members each, a directory per node would not fit. Nodes read it; only the server writes.
 */
export class SharedMembers implements MemberDirectory {
  readonly #members = new Members();
  readonly points = this.#members.points;

  get carriers(): number {
    return this.#members.carriers;
  }

  get size(): number {
    return this.#members.size;
  }

  at = (index: number): RingPoint => this.#members.at(index);
  lowerBound = (point: Pick<RingPoint, 'high' | 'middle' | 'low'>): number =>
    this.#members.lowerBound(point);
  entry = (point: RingPoint): MemberEntry | undefined => this.#members.entry(point);
  isLeaf = (point: RingPoint): boolean => this.#members.isLeaf(point);
  all = (): Iterable<RingPoint> => this.#members.all();

  /** A node was told; the server had written before. */
  add(): 'newer' {
    return 'newer';
  }

  /** A node's own belief that a member died does not touch the others. */
  remove(): boolean {
    return false;
  }

  /** The server: presence came. */
  reveal(id: NodeId, entry: MemberEntry): void {
    this.#members.add(id, entry);
  }

  /** The server: presence went. */
  withdraw(point: RingPoint): void {
    this.#members.remove(point);
  }
}
