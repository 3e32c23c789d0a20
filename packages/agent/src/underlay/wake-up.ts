/** Milliseconds. */
const FAR_OFF = 2_000;
const GRID = 1_000;

/**
 * Gives a sans-IO machine its clock: runs it after every event, and once more when it asked to wake.
 *
 * `run(now)` handles what is due, drains the machine's output and returns when it wants to be run
 * next (milliseconds of `performance.now()`), or `undefined` for never. Events that arrive within one
 * turn of the event loop cost one run.
 *
 * What is far off is done on the next whole second, so that the many machines of an idle agent wake
 * its processor together.
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
    const at = next - now > FAR_OFF ? Math.ceil(next / GRID) * GRID : next;
    // Rounded up: a timer that fires a fraction early would find nothing due and fire again.
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.ceil(at - performance.now())));
  }
}
