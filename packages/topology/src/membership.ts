import type { NodeId } from '@evio/types';
import type { Links } from './links.ts';
import type { MemberEntry } from './member-directory.ts';
import type { MemberGossip } from './member-gossip.ts';
import { Reunion } from './reunion.ts';
import type { RingPoint } from './ring-point.ts';
import { SUSPECT_MS, type TopologyOutput } from './topology-options.ts';

/** A member as presence or a verified node record tells it. */
export interface SeenMember {
  readonly id: NodeId;
  /** Of the node record; the newest wins. */
  readonly sequence: number;
  readonly leaf?: boolean;
  /** The signed node record, opaque here. */
  readonly record: Uint8Array;
  /** The server says it is there now. */
  readonly signaling: boolean;
}

/**
 * Who is a member: those that the server or a record told of, until they leave, the server loses
 * them, or the overlay finds them dead and the server cannot know better: it is away, or never saw them.
 */
export class Membership {
  readonly #links: Links;
  readonly #gossip: MemberGossip;
  readonly #reunion: Reunion;
  readonly #output: (output: TopologyOutput) => void;
  /** Those of which the server said that they are there, and not yet that they went. */
  readonly #present = new Set<RingPoint>();

  constructor(links: Links, gossip: MemberGossip, output: (output: TopologyOutput) => void) {
    this.#links = links;
    this.#gossip = gossip;
    this.#output = output;
    this.#reunion = new Reunion(links);
  }

  /** What was told of a member: new, newer than what was held, or neither. */
  seen(now: number, member: SeenMember): 'new' | 'newer' | 'known' {
    const { members, neighbours, exclusions } = this.#links;
    const { sequence, leaf = false, record, signaling } = member;
    const point = members.points.intern(member.id);
    if (signaling) this.#present.add(point);
    else if (this.#gossip.isDead(now, point, sequence)) return 'known';
    const entry = { sequence, leaf, record };
    const news = members.add(member.id, entry);
    this.#gossip.seen(point, entry, signaling);
    if (news === 'known') return news;
    exclusions.clear(point);
    const neighbour = neighbours.get(point);
    if (neighbour) neighbour.leaf = leaf;
    return news;
  }

  /** The server says it went. One that the overlay still reaches stays. Returns whether it is out. */
  gone(point: RingPoint): boolean {
    const { self, members, neighbours } = this.#links;
    this.#present.delete(point);
    if (point === self || neighbours.has(point) || this.#links.seenByNeighbours(point)) {
      return false;
    }
    members.remove(point);
    return true;
  }

  /** A neighbour leaves the overlay in order. `tell`: we are to tell the others. */
  left(now: number, point: RingPoint, tell: boolean): void {
    const { members, exclusions } = this.#links;
    const sequence = members.entry(point)?.sequence ?? 0;
    members.remove(point);
    exclusions.suspect(now, point, SUSPECT_MS);
    this.#gossip.died(now, point, sequence, tell && !this.#served(point));
    this.#output({ type: 'memberLost', id: point.id });
  }

  /**
   * A ring neighbour-to-be does not answer and nobody we know has a link to it. The server tells of
   * those that it saw when they are gone; of others, and without it, we do. Returns whether it is out.
   */
  presumeDead(now: number, point: RingPoint): boolean {
    const entry = this.#links.members.entry(point);
    if (!entry || this.#served(point) || this.#links.exclusions.failures(point) < 2) return false;
    this.#gossip.died(now, point, entry.sequence, true);
    return this.lost(now, point);
  }

  /** It is held dead by the overlay. Returns whether it was a member until now. */
  lost(now: number, point: RingPoint): boolean {
    const entry = this.#links.members.entry(point);
    if (!this.#links.members.remove(point)) return false;
    if (entry && !this.#gossip.online) this.#reunion.remember(now, point, entry);
    this.#output({ type: 'memberLost', id: point.id });
    return true;
  }

  /** A link to one that was held dead: it is a member again, and it may bring others. */
  reunite(point: RingPoint): void {
    const entry: MemberEntry | undefined = this.#reunion.found(point);
    if (!entry || this.#links.members.entry(point)) return;
    this.#gossip.revive(point);
    this.#links.members.add(point.id, entry);
    this.#gossip.compareWith(point);
  }

  tick(now: number): void {
    this.#reunion.tick(now);
  }

  nextTimeout(): number {
    return this.#reunion.nextTimeout();
  }

  /** Whether the server tells everybody when it goes. */
  #served(point: RingPoint): boolean {
    return this.#gossip.online && this.#present.has(point);
  }
}
