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
  /** Bit `sequence % FLOOD_WINDOW`: it was delivered here. */
  readonly delivered: Uint32Array;
  /** The same: a part that begins with this node was passed on. */
  readonly passed: Uint32Array;
}

export interface FloodVerdict {
  /** Give the frame to this host. */
  readonly deliver: boolean;
  /** Pass the part on. */
  readonly pass: boolean;
}

const OLD: FloodVerdict = { deliver: false, pass: false };

/**
 * Which floods of which origin have passed here. Each is delivered once. The part that begins with
 * this node is passed on once; a hand-over always, since it is another part (and ends by itself).
 */
export class FloodWindow {
  readonly #origins = new Map<NodeId, Origin>();

  /** Notes a record that came, or (`handOver` false) one that begins here. */
  note(now: number, origin: NodeId, sequence: number, handOver: boolean): FloodVerdict {
    let held = this.#origins.get(origin);
    if (!held || now - held.seenAt > FLOOD_FORGET_MS) {
      const delivered = new Uint32Array(FLOOD_WINDOW / 32);
      held = { newest: sequence, seenAt: now, delivered, passed: delivered.slice() };
      this.#origins.set(origin, held);
    }
    const ahead = (sequence - held.newest) >>> 0;
    if (ahead !== 0 && ahead < HALF) {
      const steps = Math.min(ahead, FLOOD_WINDOW);
      for (let step = 1; step <= steps; step += 1) {
        clear(held.delivered, held.newest + step);
        clear(held.passed, held.newest + step);
      }
      held.newest = sequence;
    } else if (ahead !== 0 && HALF * 2 - ahead >= FLOOD_WINDOW) return OLD;
    held.seenAt = now;
    const deliver = mark(held.delivered, sequence);
    return { deliver, pass: handOver || mark(held.passed, sequence) };
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

/** Sets the bit. True when it was not set. */
function mark(bits: Uint32Array, sequence: number): boolean {
  const held = bits[word(sequence)] ?? 0;
  bits[word(sequence)] = held | bit(sequence);
  return (held & bit(sequence)) === 0;
}

function clear(bits: Uint32Array, sequence: number): void {
  bits[word(sequence)] = (bits[word(sequence)] ?? 0) & ~bit(sequence);
}
