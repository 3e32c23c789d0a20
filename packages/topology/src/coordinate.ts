/**
 * Network coordinates after Vivaldi (Dabek, Cox, Kaashoek, Morris 2004): a point in a plane plus a
 * height for the access link, so that the distance of two coordinates predicts the round trip of two
 * nodes that never met. A node learns its own from the round trips of its links.
 */
export interface Coordinate {
  /** Milliseconds in the plane. */
  readonly x: number;
  readonly y: number;
  /** Milliseconds of the access link, never negative. */
  readonly height: number;
}

/** Vivaldi's c_c and c_e: how far one sample moves the coordinate, and the error. */
const MOVE = 0.25;
const LEARN = 0.25;
const UNIT_MS = 0.1;
const PLANE_MAX = 0x7fff;
const HEIGHT_MAX = 0xffff;

/** The predicted round trip between two coordinates, in milliseconds. */
export function predictRtt(a: Coordinate, b: Coordinate): number {
  return Math.hypot(a.x - b.x, a.y - b.y) + a.height + b.height;
}

const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value));
const plane = (value: number) =>
  clamp(Math.round(value / UNIT_MS), -PLANE_MAX, PLANE_MAX) + PLANE_MAX;

/** A coordinate in 48 bits, an exact number: x, y and height in units of 0.1 ms. */
export function packCoordinate({ x, y, height }: Coordinate): number {
  const high = clamp(Math.round(height / UNIT_MS), 0, HEIGHT_MAX);
  return (plane(x) * 0x1_0000 + plane(y)) * 0x1_0000 + high;
}

/** The reverse of {@link packCoordinate}. */
export function unpackCoordinate(packed: number): Coordinate {
  const height = packed % 0x1_0000;
  const rest = Math.floor(packed / 0x1_0000);
  return {
    x: (Math.floor(rest / 0x1_0000) - PLANE_MAX) * UNIT_MS,
    y: ((rest % 0x1_0000) - PLANE_MAX) * UNIT_MS,
    height: height * UNIT_MS,
  };
}

/** A node's own coordinate, moved by each round-trip sample. */
export class VivaldiCoordinate implements Coordinate {
  x: number;
  y: number;
  height = 1;
  /** Relative error of the own predictions, 0…1; 1 = knows nothing. */
  error = 1;

  /** `random` are two numbers from 0 to 1: where to start, so that nodes do not sit on one spot. */
  constructor(random: readonly [number, number]) {
    this.x = random[0] - 0.5;
    this.y = random[1] - 0.5;
  }

  /** Learns from one link: its measured round trip, the peer's coordinate and the peer's error. */
  update(rttMs: number, peer: Coordinate, peerError: number): void {
    if (!(rttMs > 0) || rttMs > PLANE_MAX * UNIT_MS) return;
    const predicted = predictRtt(this, peer);
    const weight = this.error / (this.error + peerError || 1);
    const sampleError = Math.abs(predicted - rttMs) / rttMs;
    this.error = clamp(sampleError * LEARN * weight + this.error * (1 - LEARN * weight), 0.01, 1);
    const force = MOVE * weight * (rttMs - predicted);
    const dx = this.x - peer.x;
    const dy = this.y - peer.y;
    const length = Math.hypot(dx, dy);
    // The height takes its share of the force, as in §5.4 of the paper.
    if (length > 0) {
      this.x += (force * dx) / Math.max(predicted, 0.1);
      this.y += (force * dy) / Math.max(predicted, 0.1);
    } else this.x += force;
    const share = (force * (this.height + peer.height)) / Math.max(predicted, 0.1);
    this.height = Math.max(0.1, this.height + share);
  }
}
