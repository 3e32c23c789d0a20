import type { Links } from './links.ts';
import type { MemberEntry } from './member-directory.ts';
import type { RingPoint } from './ring-point.ts';

/** How long a lost member is looked for. */
const REMEMBER_MS = 86_400_000;
const REMEMBER_MOST = 4_096;
const TRY_MS = 30_000;
/** About how many nodes of the whole overlay try in one such time. */
const TRIES = 8;

/**
 * Without the server, two halves of an overlay that were parted hold each other dead. So lost members
 * are remembered, and now and then one of them is called. The first that answers brings its half.
 */
export class Reunion {
  readonly #links: Links;
  readonly #lost = new Map<RingPoint, { entry: MemberEntry; until: number }>();
  #tryAt = Number.POSITIVE_INFINITY;

  constructor(links: Links) {
    this.#links = links;
  }

  remember(now: number, point: RingPoint, entry: MemberEntry): void {
    const [oldest] = this.#lost.keys();
    if (this.#lost.size >= REMEMBER_MOST && oldest) this.#lost.delete(oldest);
    this.#lost.set(point, { entry, until: now + REMEMBER_MS });
    this.#tryAt = Math.min(this.#tryAt, this.#next(now));
  }

  /** What was known of it, when it is a lost one. */
  found(point: RingPoint): MemberEntry | undefined {
    const entry = this.#lost.get(point)?.entry;
    this.#lost.delete(point);
    return entry;
  }

  tick(now: number): void {
    if (now < this.#tryAt) return;
    for (const [point, { until }] of this.#lost) if (until < now) this.#lost.delete(point);
    this.#tryAt = this.#lost.size > 0 ? this.#next(now) : Number.POSITIVE_INFINITY;
    if (this.#links.chance() * this.#links.members.size > TRIES) return;
    const lost = [...this.#lost.keys()];
    const chosen = lost[Math.floor(this.#links.chance() * lost.length)];
    if (chosen) this.#links.request(now, chosen, 'shortcut');
  }

  nextTimeout(): number {
    return this.#tryAt;
  }

  #next(now: number): number {
    return now + TRY_MS * (0.5 + this.#links.chance());
  }
}
