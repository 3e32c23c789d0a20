import { isNews } from './news.ts';
import type { Snapshot } from './snapshot.ts';

/** Whoever reads the feed; a `ServerResponse` is one. */
export interface Reader {
  /** False: what was written still waits for the reader. */
  write(text: string): boolean;
  destroy(): void;
}

/** How often urgent news are looked for. */
const TURN_MS = 250;
/** How often all news are, in turns. */
const NEWS_TURNS = 1_000 / TURN_MS;
/** As long a reader hears nothing at most: it cannot tell an agent without news from one that hangs. */
const SILENT_TURNS = 5_000 / TURN_MS;
/** As long what was written to a reader may wait for it. */
const WAITING_TURNS = 10_000 / TURN_MS;
const MOST_READERS = 8;
/** A line that readers of events pass over. */
const COMMENT = ': \n\n';

interface Subscription {
  readonly reader: Reader;
  /** What was written last has not left for it yet. */
  waiting: boolean;
  /** The turn in which something was written to it last. */
  written: number;
  /** It has missed news. */
  behind: boolean;
}

export interface FeedOptions {
  readonly take: () => Snapshot;
  /** Costs little, and differs when news cannot wait for the next second. */
  readonly urgent?: () => string;
  /** Told why a turn failed. */
  readonly onFault: (error: unknown) => void;
  /** Calls back every so many milliseconds until the function it returned is called. */
  readonly every?: (ms: number, call: () => void) => () => void;
}

/**
 * Server-sent events (WHATWG HTML §9.2): the snapshot as it is to a new reader, then one each second
 * if anything is new, and at once when that is urgent; a comment after 5 s without either. Nothing is
 * taken while nobody reads. A reader that does not keep up misses snapshots, which loses nothing as
 * each is whole; one that stands still for 10 s is dropped. When a snapshot cannot be taken, all are:
 * none may show the last one for the present one, and those that come back are told.
 */
export class Feed {
  readonly #take: () => Snapshot;
  readonly #urgent: () => string;
  readonly #onFault: (error: unknown) => void;
  readonly #every: NonNullable<FeedOptions['every']>;
  readonly #subscriptions = new Map<Reader, Subscription>();
  #stop: (() => void) | undefined;
  #told: Snapshot | undefined;
  #toldUrgent = '';
  #turns = 0;

  constructor({ take, urgent = () => '', onFault, every = everyInterval }: FeedOptions) {
    this.#take = take;
    this.#urgent = urgent;
    this.#onFault = onFault;
    this.#every = every;
  }

  get full(): boolean {
    return this.#subscriptions.size >= MOST_READERS;
  }

  /**
   * Adds a reader, unless it is {@link full}, and sends it the present state.
   *
   * @throws what taking that throws; the reader is not added and has got nothing.
   */
  add(reader: Reader): void {
    const snapshot = this.#take();
    const text = event(snapshot);
    if (this.#stop === undefined) {
      this.#toldUrgent = this.#urgent();
      this.#told = snapshot;
      this.#turns = 0;
      this.#stop = this.#every(TURN_MS, () => this.#turn());
    }
    const subscription = { reader, waiting: false, written: 0, behind: false };
    this.#subscriptions.set(reader, subscription);
    this.#write(subscription, text);
  }

  /** The reader took what was written. */
  drained(reader: Reader): void {
    const subscription = this.#subscriptions.get(reader);
    if (subscription !== undefined) subscription.waiting = false;
  }

  remove(reader: Reader): void {
    this.#subscriptions.delete(reader);
    if (this.#subscriptions.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
    this.#told = undefined;
  }

  #turn(): void {
    try {
      this.#tellNews();
      this.#tendReaders();
    } catch (error) {
      this.#onFault(error);
      for (const reader of [...this.#subscriptions.keys()]) this.#drop(reader);
    }
  }

  #tellNews(): void {
    this.#turns += 1;
    const urgent = this.#urgent();
    if (this.#turns % NEWS_TURNS !== 0 && urgent === this.#toldUrgent) return;
    this.#toldUrgent = urgent;
    const snapshot = this.#take();
    const changed = isNews(this.#told, snapshot);
    this.#told = snapshot;
    let text: string | undefined;
    for (const subscription of this.#subscriptions.values()) {
      subscription.behind ||= changed;
      if (!subscription.behind || subscription.waiting) continue;
      text ??= event(snapshot);
      subscription.behind = false;
      this.#write(subscription, text);
    }
  }

  #tendReaders(): void {
    for (const subscription of [...this.#subscriptions.values()]) {
      const { reader, waiting, written } = subscription;
      const turns = this.#turns - written;
      if (waiting && turns >= WAITING_TURNS) this.#drop(reader);
      if (!waiting && turns >= SILENT_TURNS) this.#write(subscription, COMMENT);
    }
  }

  #write(subscription: Subscription, text: string): void {
    subscription.written = this.#turns;
    subscription.waiting = !subscription.reader.write(text);
  }

  #drop(reader: Reader): void {
    this.remove(reader);
    reader.destroy();
  }
}

const event = (snapshot: Snapshot) => `event: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`;

function everyInterval(ms: number, call: () => void): () => void {
  const timer = setInterval(call, ms);
  return () => clearInterval(timer);
}
