/** Virtual time: runs what was planned, in order, and jumps from one event to the next. */
export class VirtualClock {
  readonly #heap: { at: number; order: number; run: () => void }[] = [];
  #now = 0;
  #planned = 0;

  /** Milliseconds since the start. */
  get now(): number {
    return this.#now;
  }

  /** Runs `run` at `at`, or now if that is past; equal times in the order they were planned. */
  at(at: number, run: () => void): void {
    const event = { at: Math.max(at, this.#now), order: this.#planned++, run };
    let low = 0;
    let high = this.#heap.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#heap[middle];
      // Latest first, so that the next event is the last of the array.
      if (other && (other.at > event.at || (other.at === event.at && other.order > event.order))) {
        low = middle + 1;
      } else high = middle;
    }
    this.#heap.splice(low, 0, event);
  }

  /** Runs for `duration` milliseconds, or until `done` says so; returns whether it did. */
  run(duration: number, done: () => boolean = () => false): boolean {
    const end = this.#now + duration;
    for (;;) {
      if (done()) return true;
      const next = this.#heap.at(-1);
      if (next === undefined || next.at > end) break;
      this.#heap.pop();
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
    return done();
  }
}
