import { newsOf, type Snapshot } from './snapshot.ts';

/** Whoever reads the feed; a `ServerResponse` is one. */
export interface Reader {
  /** False: what was written still waits for the reader. */
  write(text: string): boolean;
  destroy(): void;
}

const PERIOD_MS = 1_000;
const MOST_READERS = 8;
/** As many snapshots in a row may pass while a reader has not taken the one before. */
const MOST_MISSED = 10;

interface Subscription {
  readonly reader: Reader;
  /** What was written last has not left for it yet. */
  waiting: boolean;
  /** Turns in a row that found it waiting. */
  missed: number;
  /** It has missed news. */
  behind: boolean;
}

export interface FeedOptions {
  readonly take: () => Snapshot;
  /** Calls back every so many milliseconds until the function it returned is called. */
  readonly every?: (ms: number, call: () => void) => () => void;
}

/**
 * Server-sent events (WHATWG HTML §9.2): the snapshot as it is to a new reader, then one each second
 * if anything is new. Nothing is taken while nobody reads. A reader that does not keep up misses
 * snapshots, which loses nothing as each is whole; one that stands still is dropped.
 */
export class Feed {
  readonly #take: () => Snapshot;
  readonly #every: NonNullable<FeedOptions['every']>;
  readonly #subscriptions = new Map<Reader, Subscription>();
  #stop: (() => void) | undefined;
  #told = '';

  constructor({ take, every = everyInterval }: FeedOptions) {
    this.#take = take;
    this.#every = every;
  }

  get full(): boolean {
    return this.#subscriptions.size >= MOST_READERS;
  }

  /** Adds a reader, unless it is {@link full}, and sends it the present state. */
  add(reader: Reader): void {
    const snapshot = this.#take();
    const subscription = { reader, waiting: false, missed: 0, behind: false };
    this.#subscriptions.set(reader, subscription);
    if (this.#stop === undefined) {
      this.#told = newsOf(snapshot);
      this.#stop = this.#every(PERIOD_MS, () => this.#turn());
    }
    subscription.waiting = !reader.write(event(snapshot));
  }

  /** The reader took what was written. */
  drained(reader: Reader): void {
    const subscription = this.#subscriptions.get(reader);
    if (subscription !== undefined) Object.assign(subscription, { waiting: false, missed: 0 });
  }

  remove(reader: Reader): void {
    this.#subscriptions.delete(reader);
    if (this.#subscriptions.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  #turn(): void {
    const snapshot = this.#take();
    const news = newsOf(snapshot);
    const changed = news !== this.#told;
    this.#told = news;
    const text = event(snapshot);
    for (const subscription of [...this.#subscriptions.values()]) {
      if (subscription.waiting) this.#miss(subscription, changed);
      else if (changed || subscription.behind) {
        subscription.behind = false;
        subscription.waiting = !subscription.reader.write(text);
      }
    }
  }

  #miss(subscription: Subscription, changed: boolean): void {
    subscription.behind ||= changed;
    subscription.missed += 1;
    if (subscription.missed < MOST_MISSED) return;
    this.remove(subscription.reader);
    subscription.reader.destroy();
  }
}

const event = (snapshot: Snapshot) => `event: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`;

function everyInterval(ms: number, call: () => void): () => void {
  const timer = setInterval(call, ms);
  return () => clearInterval(timer);
}
