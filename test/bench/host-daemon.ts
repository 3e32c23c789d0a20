import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCode } from '../lab/command.ts';
import type { Host } from '../lab/index.ts';
import { detach } from '../lab/lines.ts';
import type { Daemon } from './peer.ts';

const PATIENCE_MS = 30_000;

/** Of the environment, added to our own. */
export type Variables = Readonly<Record<string, string>>;

/** A daemon on a host of the lab, with a log; the lab ends it at the latest. */
export class HostDaemon implements Daemon {
  readonly #name: string;
  readonly #logFile: string;
  readonly #child: ChildProcess;

  /** @param argv becomes the daemon itself: it must not fork into the background. */
  constructor(host: Host, argv: readonly string[], logFile: string, env: Variables = {}) {
    this.#name = basename(argv[0] ?? '');
    this.#logFile = logFile;
    const log = openSync(logFile, 'a');
    this.#child = host.spawn(argv, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    });
    // What cannot be started is found dead by whoever waits for it.
    this.#child.on('error', () => undefined);
    closeSync(log);
    detach(this.#child);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} did not start`);
    return this.#child.pid;
  }

  get alive(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /**
   * Asks every 5 ms until something holds.
   *
   * @throws Error with the end of the log when the daemon dies before, or it takes 30 s.
   */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await holds())) {
      if (!this.alive || Date.now() > deadline) {
        const log = readFileSync(this.#logFile, 'utf8').split('\n').slice(-15).join('\n');
        const why = this.alive ? `not within ${PATIENCE_MS} ms` : 'it ended';
        throw new Error(`waited until ${this.#name} ${what}: ${why}\n${log}`);
      }
      await sleep(5);
    }
  }

  /** Ends it: in order if it can, by force after five seconds. */
  async stop(): Promise<void> {
    if (!this.alive) return;
    this.#child.ref();
    const ended = exitCode(this.#child);
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(late);
  }
}
