import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** How often the time is written down, and what must be added to it if the clock is behind then. */
const SAVE_INTERVAL = 600_000;
const SLACK = 2 * SAVE_INTERVAL;

/**
 * The time of day, but never before what it was in an earlier run.
 *
 * Peers refuse handshakes and node records older than those they have seen. A host without a
 * battery-backed clock boots in the past; until NTP has set it right, this clock goes on from where
 * the last run left off, so that its peers take it back at once.
 */
export class WallClock {
  readonly #file: string;
  readonly #read: () => number;
  /** What was shown at the start, and when that was on the monotonic clock. */
  readonly #start: number;
  readonly #startedAt: number;
  readonly #monotonic: () => number;
  readonly #timer: NodeJS.Timeout;

  /**
   * @param file where the time is kept. A missing or damaged one counts as no earlier run.
   * @param read the host's clock, milliseconds since 1970.
   * @param monotonic milliseconds since any moment, that nobody sets.
   */
  constructor(
    file: string,
    read: () => number = Date.now,
    monotonic: () => number = () => performance.now(),
  ) {
    this.#file = file;
    this.#read = read;
    this.#monotonic = monotonic;
    const saved = readSaved(file);
    this.#start = read() < saved ? saved + SLACK : read();
    this.#startedAt = monotonic();
    this.save();
    this.#timer = setInterval(() => this.save(), SAVE_INTERVAL).unref();
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Math.max(this.#read(), this.#start + this.#monotonic() - this.#startedAt);
  }

  /** Writes the time down. A full disk costs only what this clock is for. */
  save(): void {
    const draft = `${this.#file}.new`;
    try {
      writeFileSync(draft, `${Math.trunc(this.now())}\n`, { mode: 0o600 });
      renameSync(draft, this.#file);
    } catch {
      // The next one may succeed; nothing depends on it now.
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.save();
  }
}

function readSaved(file: string): number {
  try {
    const saved = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(saved) ? saved : 0;
  } catch {
    return 0;
  }
}
