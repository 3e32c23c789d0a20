import type { LinkRole } from '@evio/types';
import { Exclusions } from './exclusions.ts';
import type { MemberDirectory } from './member-directory.ts';
import type { Neighbour } from './neighbour.ts';
import type { RingPoint } from './ring-point.ts';
import { ATTEMPT_TIMEOUT_MS, LINKS_MAX, type TopologyOutput } from './topology-options.ts';

interface Attempt {
  readonly role: LinkRole;
  readonly since: number;
  /** False once it is doubtful: the member was reported lost. */
  hopeful: boolean;
}

/** The links of one node: those that are up, those being tried, those not to be tried. */
export class Links {
  readonly self: RingPoint;
  readonly members: MemberDirectory;
  readonly neighbours = new Map<RingPoint, Neighbour>();
  readonly attempts = new Map<RingPoint, Attempt>();
  readonly exclusions = new Exclusions();
  readonly #random: (count: number) => Uint8Array;
  readonly #output: (output: TopologyOutput) => void;

  constructor(
    self: RingPoint,
    members: MemberDirectory,
    random: (count: number) => Uint8Array,
    output: (output: TopologyOutput) => void,
  ) {
    this.self = self;
    this.members = members;
    this.#random = random;
    this.#output = output;
  }

  /** A random number from 0 (included) to 1 (excluded). */
  chance(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#random(4);
    return (a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) / 2 ** 32;
  }

  /** Whether a link to it may be asked for now. */
  free(now: number, point: RingPoint): boolean {
    return (
      point !== this.self &&
      !this.neighbours.has(point) &&
      !this.attempts.has(point) &&
      !this.exclusions.has(now, point)
    );
  }

  /** Asks for a link. False when it can't be tried now. */
  request(now: number, point: RingPoint, role: LinkRole): boolean {
    if (!this.free(now, point)) return false;
    if (this.neighbours.size + this.attempts.size >= LINKS_MAX) return false;
    this.attempts.set(point, { role, since: now, hopeful: true });
    this.#output({ type: 'link', id: point.id, role });
    return true;
  }

  /** Gives up attempts of which nothing was heard. */
  expireAttempts(now: number): RingPoint[] {
    const expired: RingPoint[] = [];
    for (const [point, { since }] of this.attempts) {
      if (now - since >= ATTEMPT_TIMEOUT_MS) expired.push(point);
    }
    return expired;
  }

  /** When an attempt is given up, or an excluded member may be tried again. */
  nextTimeout(now: number): number {
    let next = this.exclusions.nextTimeout(now) ?? Number.POSITIVE_INFINITY;
    for (const { since } of this.attempts.values())
      next = Math.min(next, since + ATTEMPT_TIMEOUT_MS);
    return next;
  }

  /** Whether a neighbour other than a leaf has a link to it, as far as they told. */
  seenByNeighbours(point: RingPoint): boolean {
    for (const { list, leaf } of this.neighbours.values()) {
      if (!leaf && list.has(point)) return true;
    }
    return false;
  }
}
