/** A way through others is measured for this long after the last frame. Milliseconds. */
const IN_USE = 10_000;
/** Keys with a peer behind others are given up when no frame was exchanged for this long. */
const IDLE = 150_000;

/** How lately frames were exchanged with a peer. Times in milliseconds. */
export class UseWatch {
  #frames = 0;
  #usedAt = Number.NEGATIVE_INFINITY;

  /** Keys were agreed: somebody means to use them. */
  began(now: number): void {
    this.#usedAt = now;
  }

  /** @param frames exchanged so far. */
  saw(now: number, frames: number): void {
    if (frames !== this.#frames) this.#usedAt = now;
    this.#frames = frames;
  }

  /** Whether it is worth measuring the way. */
  inUse(now: number): boolean {
    return now - this.#usedAt < IN_USE;
  }

  /** Whether nobody has used it for so long that its keys are not worth renewing. */
  idle(now: number): boolean {
    return now - this.#usedAt > IDLE;
  }
}
