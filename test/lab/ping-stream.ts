import type { ChildProcess } from 'node:child_process';
import { detach } from './lines.ts';
import type { Namespace } from './namespace.ts';

interface Reply {
  /** When it came, by Date.now(). */
  readonly at: number;
  readonly sequence: number;
  readonly rttMs: number;
}

/**
 * Pings an address again and again, whatever happens, and notes when each reply came: to measure
 * when traffic begins, and how long it stops.
 *
 * @example
 * await using pings = host.pings('10.10.0.2');
 * await pings.replyAfter(Date.now(), 5000);
 */
export class PingStream {
  readonly address: string;
  readonly replies: Reply[] = [];
  readonly startedAt = Date.now();
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();

  /** @param intervalMs between two echo requests; a reply that is late does not hold up the next. */
  constructor(namespace: Namespace, address: string, { intervalMs = 20, bytes = 56 } = {}) {
    this.address = address;
    // -D prints when a reply came; a line is written at once (-O flushes, as a terminal does not).
    this.#child = namespace.spawn(
      [
        ...['stdbuf', '-oL', 'ping', '-n', '-D', '-i', String(intervalMs / 1000)],
        ...['-s', String(bytes), address],
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    detach(this.#child);
    let rest = '';
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#read(line);
    });
  }

  /** Sequence number of the newest reply; they count from 1. */
  get lastSequence(): number {
    return this.replies.at(-1)?.sequence ?? 0;
  }

  /**
   * Waits for the first reply to an echo request that was sent after `time` (Date.now()).
   *
   * @returns how long after `time` it came, in ms; undefined when none does within `timeoutMs`.
   */
  async replyAfter(time: number, timeoutMs: number): Promise<number | undefined> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const reply = this.replies.find(({ at, rttMs }) => at - rttMs >= time);
      if (reply !== undefined) return reply.at - time;
      const left = deadline - Date.now();
      if (left <= 0) return undefined;
      await this.#change(left);
    }
  }

  /** Waits until there are so many replies, or the time is over. */
  async count(replies: number, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (this.replies.length < replies && Date.now() < deadline) {
      await this.#change(deadline - Date.now());
    }
  }

  /** The longest time without a reply since `time`, in ms, up to now. */
  longestGapSince(time: number): number {
    let before = time;
    let longest = 0;
    for (const at of [...this.replies.map(reply => reply.at), Date.now()]) {
      if (at < time) continue;
      longest = Math.max(longest, at - before);
      before = at;
    }
    return longest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
  }

  #read(line: string): void {
    const match = /^\[([\d.]+)\] .*icmp_seq=(\d+) .*time=([\d.]+) ms/.exec(line);
    if (match === null) return;
    const [, at, sequence, rttMs] = match;
    this.replies.push({
      at: Number(at) * 1000,
      sequence: Number(sequence),
      rttMs: Number(rttMs),
    });
    for (const wake of [...this.#waiting]) wake();
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#waiting.add(wake);
    });
  }
}
