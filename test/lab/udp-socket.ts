import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { detach, firstLine } from './lines.ts';
import type { Namespace } from './namespace.ts';

/** A datagram that arrived. `from` is `address:port`, IPv6 in brackets. */
export interface Arrival {
  readonly from: string;
  readonly text: string;
}

/**
 * A UDP socket on a host of the lab, steered from the test: what it takes to probe a NAT, or to send
 * what no agent would.
 */
export class UdpSocket {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #arrived: Arrival[] = [];
  #wake: (() => void) | undefined;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    let rest = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#arrived.push(JSON.parse(line) as Arrival);
      this.#wake?.();
    });
  }

  /** Binds a port on all addresses of the namespace; 0 is any free one. */
  static async open(namespace: Namespace, port = 0, { echo = false } = {}): Promise<UdpSocket> {
    const script = join(import.meta.dirname, 'udp-socket-child.ts');
    const child = namespace.spawn(
      [process.execPath, '--disable-warning=ExperimentalWarning', script, String(port), `${echo}`],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const bound = Number(await firstLine(child, 'the UDP socket'));
    detach(child);
    return new UdpSocket(child, bound);
  }

  /** Sends a text to `address:port`, from `source` when the host has several addresses. */
  send(to: string, text: string): void {
    this.#child.stdin?.write(`${JSON.stringify({ to, text })}\n`);
  }

  /** The oldest datagram that was not taken yet; undefined when none comes in time. */
  async receive(timeoutMs = 500): Promise<Arrival | undefined> {
    if (this.#arrived.length === 0) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    return this.#arrived.shift();
  }

  /** Whether a datagram with this text comes in time; others are skipped. */
  async hears(text: string, timeoutMs = 300): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    for (let left = timeoutMs; left > 0; left = deadline - Date.now()) {
      const arrival = await this.receive(left);
      if (arrival === undefined) return false;
      if (arrival.text === text) return true;
    }
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
  }
}
