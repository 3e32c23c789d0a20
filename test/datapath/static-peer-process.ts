import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CounterName, DatapathEvent, PeerCounters } from '@evio/datapath';
import type { Namespace } from '../lab/index.ts';
import type { StaticPeerOptions } from './static-peer.ts';

type Ready = { readonly type: 'ready'; readonly port4?: number; readonly mac: string };
type Line =
  | Ready
  | DatapathEvent
  | { readonly type: 'counters'; readonly counters: Record<CounterName, number> }
  | ({ readonly type: 'peer' } & PeerCounters)
  | { readonly type: 'owner'; readonly node: number };

/** A running static-peer.ts, steered from the test. */
export class StaticPeerProcess {
  readonly child: ChildProcess;
  readonly #lines: Line[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(child: ChildProcess) {
    this.child = child;
    const { stdout } = child;
    if (stdout === null) throw new TypeError('the peer was started without a pipe');
    createInterface({ input: stdout }).on('line', line => {
      this.#lines.push(JSON.parse(line) as Line);
      for (const check of this.#waiting) check();
    });
  }

  /** Starts it in a namespace; resolves when its TAP is up. */
  static async start(namespace: Namespace, options: StaticPeerOptions): Promise<StaticPeerProcess> {
    return StaticPeerProcess.run(namespace, join(import.meta.dirname, 'static-peer.ts'), options);
  }

  /** The same for another script that speaks in such lines. */
  static async run(
    namespace: Namespace,
    script: string,
    options: object,
  ): Promise<StaticPeerProcess> {
    const child = namespace.spawn([process.execPath, script, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const peer = new StaticPeerProcess(child);
    await peer.next('ready');
    return peer;
  }

  command(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Takes the oldest line of a type; waits for it. */
  next<T extends Line['type']>(type: T, timeoutMs = 10_000): Promise<Extract<Line, { type: T }>> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const at = this.#lines.findIndex(line => line.type === type);
        if (at < 0) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        const [line] = this.#lines.splice(at, 1);
        resolve(line as Extract<Line, { type: T }>);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`no line of type ${type} in ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.add(check);
      check();
    });
  }

  async counters(): Promise<Record<CounterName, number>> {
    this.command('counters');
    return (await this.next('counters')).counters;
  }

  /** Waits until a chain-node.ts knows a MAC behind a node; asks every few ms, for 5 s. */
  async owner(mac: string, node: number): Promise<void> {
    for (const until = performance.now() + 5000; performance.now() < until; await sleep(5)) {
      this.command(`owner ${mac}`);
      if ((await this.next('owner')).node === node) return;
    }
    throw new Error(`${mac} was not seen behind node ${node} in 5 s`);
  }

  async peerCounters(): Promise<PeerCounters> {
    this.command('peer');
    return this.next('peer');
  }
}
