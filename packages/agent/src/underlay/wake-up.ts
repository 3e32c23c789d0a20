/**
 * Gives a sans-IO machine its clock: runs it after every event, and once more when it asked to wake.
 *
 * `run(now)` handles what is due, drains the machine's output and returns when it wants to be run
 * next (milliseconds of `performance.now()`), or `undefined` for never. Events that arrive within one
 * turn of the event loop cost one run.
 */
export class WakeUp {
  readonly #run: (now: number) => number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #scheduled = false;
  #stopped = false;

  constructor(run: (now: number) => number | undefined) {
    this.#run = run;
  }

  /** Something happened: run at the end of this turn of the event loop. */
  soon(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#wake());
  }

  /** Never run again. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #wake(): void {
    this.#scheduled = false;
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const now = performance.now();
    const next = this.#run(now);
    if (next === undefined || this.#scheduled) return;
    // Rounded up: a timer that fires a fraction early would find nothing due and fire again.
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.ceil(next - performance.now())));
  }
}
