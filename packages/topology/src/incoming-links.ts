import type { LinkRole } from '@evio/types';
import type { Links } from './links.ts';
import type { RingPoint } from './ring-point.ts';
import { ATTEMPT_TIMEOUT_MS } from './topology-options.ts';

export type CountedRole = Exclude<LinkRole, 'successor'>;

/**
 * Counts the links that others asked for, so that nobody is drawn by too many. It is kept here in which
 * role each was accepted: what the other says of it later frees no place.
 */
export class IncomingLinks {
  readonly #links: Links;
  /** Links that were accepted and are not up yet. */
  readonly #coming = new Map<RingPoint, { role: CountedRole; until: number }>();
  /** Links that are up, in the role in which they were accepted. */
  readonly #accepted = new Map<RingPoint, CountedRole>();

  constructor(links: Links) {
    this.#links = links;
  }

  /** Takes the link if fewer than `most` came in for this role; those still being made count. */
  take(now: number, point: RingPoint, role: CountedRole, most: number): boolean {
    let taken = 0;
    for (const { point: other, theirs } of this.#links.neighbours.values()) {
      if ((this.#accepted.get(other) ?? theirs) === role) taken += 1;
    }
    for (const [other, { until, role: pending }] of this.#coming) {
      if (until < now) this.#coming.delete(other);
      else if (pending === role && other !== point) taken += 1;
    }
    if (taken >= most) return false;
    this.#coming.set(point, { role, until: now + ATTEMPT_TIMEOUT_MS });
    return true;
  }

  /** It is up: the role in which it was accepted, if that was counted. */
  up(point: RingPoint): CountedRole | undefined {
    const role = this.#coming.get(point)?.role;
    this.#coming.delete(point);
    if (role === undefined) this.#accepted.delete(point);
    else this.#accepted.set(point, role);
    return role;
  }

  down(point: RingPoint): void {
    this.#accepted.delete(point);
  }
}
