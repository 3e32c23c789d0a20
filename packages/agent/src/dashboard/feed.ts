import { newsOf, type Snapshot } from './snapshot.ts';

/** Whoever reads the feed; a `ServerResponse` is one. */
export interface Reader {
  /** False: what was written still waits for the reader. */
  write(text: string): boolean;
  destroy(): void;
}

/** How often urgent news are looked for, and every how many such turns there are all news. */
const TURN_MS = 250;
const TURNS = 4;
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
  /** Costs little, and differs when news cannot wait for the next second. */
  readonly urgent?: () => string;
  /** Calls back every so many milliseconds until the function it returned is called. */
  readonly every?: (ms: number, call: () => void) => () => void;
}

/**
 * Server-sent events (WHATWG HTML §9.2): the snapshot as it is to a new reader, then one each second
 * if anything is new, and at once when that is urgent. Nothing is taken while nobody reads. A reader that does not keep up misses
 * snapshots, which loses nothing as each is whole; one that stands still is dropped.
 */
export class Feed {
  readonly #take: () => Snapshot;
  readonly #urgent: () => string;
  readonly #every: NonNullable<FeedOptions['every']>;
  readonly #subscriptions = new Map<Reader, Subscription>();
  #stop: (() => void) | undefined;
  #told = '';
  #toldUrgent = '';
  #turns = 0;

  constructor({ take, urgent = () => '', every = everyInterval }: FeedOptions) {
    this.#take = take;
    this.#urgent = urgent;
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
    // First of all: somebody waits for it.
    subscription.waiting = !reader.write(event(snapshot));
    if (this.#stop === undefined) {
      this.#told = newsOf(snapshot);
      this.#toldUrgent = this.#urgent();
      this.#turns = 0;
      this.#stop = this.#every(TURN_MS, () => this.#turn());
    }
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
    this.#turns += 1;
    const urgent = this.#urgent();
    if (this.#turns % TURNS !== 0 && urgent === this.#toldUrgent) return;
    this.#toldUrgent = urgent;
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
