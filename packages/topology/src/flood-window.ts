import type { NodeId } from '@evio/types';

/** How far behind the newest sequence of an origin a record may come. */
export const FLOOD_WINDOW = 1024;
/** An origin that was silent this long starts anew, with whatever sequence it has. */
export const FLOOD_FORGET_MS = 60_000;
/** Sequences are serial numbers modulo 2³² (RFC 1982). */
const HALF = 0x8000_0000;

interface Origin {
  newest: number;
  seenAt: number;
  /** Bit `sequence % FLOOD_WINDOW`. */
  readonly seen: Uint32Array;
}

/** Which floods of which origin have passed here: each is delivered once. */
export class FloodWindow {
  readonly #origins = new Map<NodeId, Origin>();

  /** True the first time. Older than the window counts as seen. */
  first(now: number, origin: NodeId, sequence: number): boolean {
    let held = this.#origins.get(origin);
    if (!held || now - held.seenAt > FLOOD_FORGET_MS) {
      held = { newest: sequence, seenAt: now, seen: new Uint32Array(FLOOD_WINDOW / 32) };
      this.#origins.set(origin, held);
      mark(held.seen, sequence);
      return true;
    }
    const ahead = (sequence - held.newest) >>> 0;
    if (ahead !== 0 && ahead < HALF) {
      const steps = Math.min(ahead, FLOOD_WINDOW);
      for (let step = 1; step <= steps; step += 1) clear(held.seen, held.newest + step);
      held.newest = sequence;
    } else if (HALF * 2 - ahead >= FLOOD_WINDOW && ahead !== 0) {
      return false;
    } else if (isMarked(held.seen, sequence)) return false;
    held.seenAt = now;
    mark(held.seen, sequence);
    return true;
  }

  /** Forgets origins that fell silent. */
  sweep(now: number): void {
    for (const [origin, { seenAt }] of this.#origins) {
      if (now - seenAt > FLOOD_FORGET_MS) this.#origins.delete(origin);
    }
  }
}

const word = (sequence: number) => ((sequence >>> 0) % FLOOD_WINDOW) >>> 5;
const bit = (sequence: number) => 1 << ((sequence >>> 0) % 32);

function mark(seen: Uint32Array, sequence: number): void {
  seen[word(sequence)] = (seen[word(sequence)] ?? 0) | bit(sequence);
}

function clear(seen: Uint32Array, sequence: number): void {
  seen[word(sequence)] = (seen[word(sequence)] ?? 0) & ~bit(sequence);
}

function isMarked(seen: Uint32Array, sequence: number): boolean {
  return ((seen[word(sequence)] ?? 0) & bit(sequence)) !== 0;
}
