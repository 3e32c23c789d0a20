type Event = () => void;

/**
 * Virtual time in whole milliseconds. Events of the same millisecond run in the order in which they
 * were scheduled, so a run depends on nothing but its seed.
 */
export class EventQueue {
  now = 0;
  readonly #buckets = new Map<number, Event[]>();
  /** Binary heap of the milliseconds that have events. */
  readonly #heap: number[] = [];

  /** Runs `event` after `delay` ms (rounded up to the next whole one). */
  after(delay: number, event: Event): void {
    const at = this.now + Math.max(0, Math.ceil(delay));
    const bucket = this.#buckets.get(at);
    if (bucket) bucket.push(event);
    else {
      this.#buckets.set(at, [event]);
      this.#push(at);
    }
  }

  /** Runs everything up to and including `end`. */
  runUntil(end: number): void {
    for (let at = this.#heap[0]; at !== undefined && at <= end; at = this.#heap[0]) {
      this.now = at;
      const bucket = this.#buckets.get(at) ?? [];
      for (let index = 0; index < bucket.length; index += 1) bucket[index]?.();
      this.#buckets.delete(at);
      this.#pop();
    }
    this.now = end;
  }

  #push(value: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as number;
      if (above <= value) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = value;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) {
        child += 1;
      }
      const below = heap[child] as number;
      if (below >= last) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}
