import type { LinkRole, NodeId } from '@evio/types';
import { EvioError } from '@evio/types';
import { decodeControl } from './control-message.ts';
import { encodeGoodbye } from './control-writer.ts';
import { type Coordinate, VivaldiCoordinate } from './coordinate.ts';
import type { FloodTable } from './flood-table.ts';
import { Links } from './links.ts';
import { type MemberDirectory, Members } from './member-directory.ts';
import { MemberGossip } from './member-gossip.ts';
import { Membership, type SeenMember } from './membership.ts';
import { Neighbour } from './neighbour.ts';
import { NeighbourExchange } from './neighbour-exchange.ts';
import type { RingPoint } from './ring-point.ts';
import type { RouteTable } from './route-table.ts';
import { Tables } from './tables.ts';
import {
  FIRST_BACKOFF_MS,
  SUSPECT_MS,
  type TopologyOptions,
  type TopologyOutput,
} from './topology-options.ts';
import { WantedLinks } from './wanted-links.ts';

/** After a ring neighbour's link died it is left alone this long: then one attempt shows if it lives. */
const RETRY_LOST_MS = 3_000;
const SWEEP_MS = 60_000;

/**
 * One node's part in the overlay: which links it wants, where datagrams go, how broadcasts spread.
 *
 * Sans-IO. Call an input, then `poll()` until it returns undefined, then sleep until
 * `nextTimeout()` and call `tick()`. `now` is in milliseconds and never goes back.
 */
export class OverlayTopology {
  readonly self: RingPoint;
  readonly #options: TopologyOptions;
  readonly #members: MemberDirectory;
  readonly #links: Links;
  readonly #wanted: WantedLinks;
  readonly #exchange: NeighbourExchange;
  readonly #gossip: MemberGossip;
  readonly #membership: Membership;
  readonly #position: VivaldiCoordinate;
  readonly #tables: Tables;
  #outputs: TopologyOutput[] = [];
  #polled = 0;
  #sweepAt = 0;
  /** When links must be looked at again even if nothing comes in. */
  #evaluateAt = Number.POSITIVE_INFINITY;
  #now = 0;
  #dirty = true;

  constructor(options: TopologyOptions) {
    this.#options = options;
    this.#members = options.members ?? new Members();
    this.self = this.#members.points.intern(options.self);
    const output = (out: TopologyOutput) => void this.#outputs.push(out);
    const send = (to: NodeId, bytes: Uint8Array) => output({ type: 'send', to, bytes });
    const links = new Links(this.self, this.#members, options.random, output);
    this.#links = links;
    this.#position = new VivaldiCoordinate([links.chance(), links.chance()]);
    this.#tables = new Tables(links, () => output({ type: 'tables' }));
    const planAgain = () => {
      this.#dirty = true;
    };
    this.#exchange = new NeighbourExchange(links, options.leaf ?? false, this.#position, {
      send,
      planAgain,
    });
    const ended = (now: number, point: RingPoint) => this.#drop(now, point, false);
    this.#wanted = new WantedLinks(links, options, this.#position, this.#exchange, {
      output,
      ended,
    });
    const lost = (now: number, point: RingPoint) => {
      if (this.#membership.lost(now, point)) this.#dirty = true;
    };
    this.#gossip = new MemberGossip(links, send, output, () => this.flood, lost);
    this.#membership = new Membership(links, this.#gossip, output);
  }

  // Members

  /** This node's own record; again with a newer sequence when it changes or on `refute`. */
  announce(now: number, own: { sequence: number; record: Uint8Array }): void {
    this.#now = now;
    const entry = { leaf: this.#options.leaf ?? false, ...own };
    this.#members.add(this.self.id, entry);
    this.#gossip.announce(now, entry);
    this.#dirty = true;
  }

  /** Whether the signaling server is reachable. Without it, members are spread by the overlay. */
  signaling(now: number, online: boolean): void {
    this.#now = now;
    this.#gossip.signaling(now, online);
  }

  /** A member whose record is verified, from presence or after a `record` output. */
  memberSeen(now: number, member: SeenMember): void {
    this.#now = now;
    if (member.id !== this.self.id) {
      const news = this.#membership.seen(now, member);
      if (news === 'known') return;
      if (news === 'new') this.#exchange.askIncomplete(now);
    }
    this.#dirty = true;
  }

  /** The server says it went. A member that the overlay still reaches stays one. */
  memberGone(now: number, id: NodeId): void {
    this.#now = now;
    const point = this.#members.points.get(id);
    if (point && this.#membership.gone(point)) this.#dirty = true;
  }

  /** The members that the configuration asks links to. */
  setStatic(now: number, ids: Iterable<NodeId>): void {
    this.#now = now;
    this.#wanted.setStatic(Array.from(ids, id => this.#members.points.intern(id)));
    this.#dirty = true;
  }

  // Links

  /** Another member wants a link. True: make it. `role` as the offer says, if it does. */
  accepts(now: number, id: NodeId, role: LinkRole | undefined): boolean {
    this.#now = now;
    const point = this.#members.points.intern(id);
    if (this.#links.exclusions.clear(point)) this.#dirty = true;
    return this.#wanted.accepts(now, point, role);
  }

  /** In which role a link to it is asked for at present; goes into the offer. */
  attemptRole(id: NodeId): LinkRole | undefined {
    const point = this.#members.points.get(id);
    return point && this.#links.attempts.get(point)?.role;
  }

  /** A link is up, whoever began it. Round trip in ms if measured. */
  linkUp(now: number, id: NodeId, rttMs?: number): void {
    this.#now = now;
    const point = this.#members.points.intern(id);
    this.#links.attempts.delete(point);
    this.#links.exclusions.clear(point);
    this.#tables.found(point);
    this.#membership.reunite(point);
    const neighbour = new Neighbour(now, point, this.#members.isLeaf(point), rttMs);
    this.#wanted.up(neighbour);
    this.#evaluate(now);
    this.#exchange.linkUp(now, neighbour);
    this.#gossip.linkUp(now);
    this.#tables.linksChanged();
  }

  /** A link ended: `closed` by the peer in order, or `failed`: it does not answer any more. */
  linkDown(now: number, id: NodeId, reason: 'closed' | 'failed'): void {
    this.#now = now;
    const point = this.#members.points.get(id);
    if (point) this.#drop(now, point, reason === 'failed');
  }

  /** An attempt failed: `refused` by the member, or it can't be reached. */
  linkFailed(now: number, id: NodeId, reason: 'refused' | 'failed'): void {
    this.#now = now;
    const point = this.#members.points.get(id);
    if (point) this.#fail(now, point, reason === 'refused');
  }

  /** A round-trip measurement, in ms. It also proves that the link works. */
  linkRtt(now: number, id: NodeId, rttMs: number): void {
    this.#now = now;
    const neighbour = this.#neighbour(id);
    if (!neighbour) return;
    neighbour.rttMs = rttMs;
    this.#exchange.learn(neighbour);
    if (!neighbour.stalled) return;
    neighbour.stalled = false;
    this.#tables.found(neighbour.point);
    this.#tables.linksChanged();
  }

  /** Frames go in and nothing comes back. Others are used until `linkRtt` or `linkDown` tells. */
  linkStalled(now: number, id: NodeId): void {
    this.#now = now;
    const neighbour = this.#neighbour(id);
    if (!neighbour || neighbour.stalled) return;
    neighbour.stalled = true;
    this.#tables.lost(neighbour.point);
    this.#tables.linksChanged();
  }

  /** Control bytes from a neighbour; from others they are passed over. Returns false for malformed ones. */
  control(now: number, from: NodeId, bytes: Uint8Array): boolean {
    this.#now = now;
    const neighbour = this.#neighbour(from);
    if (!neighbour) return true;
    try {
      this.#control(now, neighbour, bytes);
      return true;
    } catch (error) {
      if (!(error instanceof EvioError)) throw error;
      return false;
    }
  }

  /** Bytes per second with a member that is not (only) routed for others, over the last second or so. */
  traffic(now: number, id: NodeId, bytesPerSecond: number): void {
    this.#now = now;
    const point = this.#members.points.get(id);
    if (!point || point === this.self) return;
    this.#wanted.traffic(now, point, bytesPerSecond);
    this.#dirty = true;
  }

  /** Says goodbye to all neighbours; `poll()` once more, then drop the topology. */
  leave(now: number): void {
    this.#now = now;
    for (const { point } of this.#links.neighbours.values()) {
      this.#outputs.push({ type: 'send', to: point.id, bytes: encodeGoodbye(true) });
    }
    this.#dirty = false;
  }

  // Time and outputs

  tick(now: number): void {
    this.#now = now;
    this.#exchange.tick(now);
    this.#gossip.tick(now);
    this.#membership.tick(now);
    this.#tables.tick(now);
    if (now >= this.#sweepAt) {
      this.#sweepAt = now + SWEEP_MS;
      this.#links.exclusions.sweep(now);
    }
    if (now >= this.#evaluateAt) this.#dirty = true;
  }

  poll(): TopologyOutput | undefined {
    if (this.#dirty) this.#evaluate(this.#now);
    const output = this.#outputs[this.#polled];
    if (output) {
      this.#polled += 1;
      return output;
    }
    if (this.#polled > 0) {
      this.#outputs = [];
      this.#polled = 0;
    }
    return undefined;
  }

  /** When `tick()` is due. */
  nextTimeout(): number | undefined {
    const next = Math.min(
      this.#exchange.nextTimeout(),
      this.#gossip.nextTimeout(),
      this.#membership.nextTimeout(),
      this.#evaluateAt,
      this.#tables.nextTimeout(),
    );
    return next === Number.POSITIVE_INFINITY ? undefined : Math.max(next, this.#now);
  }

  // What the datapath executes

  get routes(): RouteTable {
    return this.#tables.routes;
  }

  get flood(): FloodTable {
    return this.#tables.flood;
  }

  /** Neighbours whose links died or stall, since this was last asked: their floods are repaired. */
  takeLost(): RingPoint[] {
    return this.#tables.takeLost();
  }

  // Seeing it

  /** The links that are up, with role and what is known of them. */
  get neighbours(): ReadonlyMap<RingPoint, Neighbour> {
    return this.#links.neighbours;
  }

  get members(): MemberDirectory {
    return this.#members;
  }

  /**
   * Since when those that had a link to a member have lost it; undefined while there is a link, one
   * of ours or one that a neighbour told of, and when nobody had one.
   */
  lostSince(now: number, id: NodeId): number | undefined {
    const point = this.#members.points.get(id);
    if (!point || this.#links.neighbours.has(point)) return undefined;
    const lost = this.#links.exclusions.lostSince(now, point);
    return lost === undefined || this.#links.seenByNeighbours(point) ? undefined : lost;
  }

  /** The own network coordinate. */
  get coordinate(): Coordinate & { readonly error: number } {
    return this.#position;
  }

  #neighbour(id: NodeId): Neighbour | undefined {
    const point = this.#members.points.get(id);
    return point && this.#links.neighbours.get(point);
  }

  #control(now: number, from: Neighbour, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const message = decodeControl(view);
    switch (message.kind) {
      case 'neighbours':
        // Only whether it wants the link decides anything here, not why.
        if ((message.wish === 'none') !== (from.theirs === 'none')) this.#dirty = true;
        if (this.#exchange.receive(now, from, message, view)) this.#tables.lookAheadChanged(now);
        return;
      case 'resend':
        this.#exchange.sendAll(now, from);
        return;
      case 'goodbye':
        this.#outputs.push({ type: 'unlink', id: from.point.id });
        // The one before it on the ring tells the others.
        if (message.leaving) {
          this.#membership.left(now, from.point, this.#tables.flood.first() === from.point);
        }
        this.#drop(now, from.point, false);
        return;
      default:
        this.#gossip.receive(now, from.point, message, view);
    }
  }

  #drop(now: number, point: RingPoint, failed: boolean): void {
    const neighbour = this.#links.neighbours.get(point);
    if (!neighbour) {
      this.#fail(now, point, false);
      return;
    }
    this.#links.neighbours.delete(point);
    this.#wanted.down(now, point, failed && neighbour.ring);
    if (failed) {
      if (!neighbour.stalled) this.#tables.lost(point);
      this.#links.exclusions.suspect(now, point, RETRY_LOST_MS);
    }
    this.#exchange.linkDown(now, point, failed, failed && neighbour.ring);
    this.#tables.linksChanged();
    this.#dirty = true;
  }

  #fail(now: number, point: RingPoint, refused: boolean): void {
    const attempt = this.#links.attempts.get(point);
    if (!attempt) return;
    this.#links.attempts.delete(point);
    this.#wanted.down(now, point, false);
    this.#dirty = true;
    if (refused) {
      this.#links.exclusions.refused(now, point, SUSPECT_MS);
      return;
    }
    this.#links.exclusions.failed(now, point, FIRST_BACKOFF_MS, this.#links.chance());
    const isRingAttempt = attempt.role === 'successor';
    if (isRingAttempt && !this.#links.seenByNeighbours(point)) {
      this.#membership.presumeDead(now, point);
    }
  }

  #evaluate(now: number): void {
    for (const point of this.#links.expireAttempts(now)) this.#fail(now, point, false);
    this.#evaluateAt = this.#wanted.evaluate(now);
    this.#dirty = false;
  }
}
