/**
 * One server as our child.
 *
 *   1. `start` spawns it and waits until it holds its ports; it fails when the server ends first.
 *   2. From then on an end that nobody asked for is followed by a restart, later each time.
 *   3. `stop` asks by SIGTERM, and kills what has not ended in time. Only our own child's pid is
 *      ever signalled, and only while it is our child.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { EvioError } from '@evio/types';
import { type Listener, missingListeners } from './listening.ts';

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 10;
const STOP_TIMEOUT_MS = 4_000;
const RESTART_MIN_MS = 250;
const RESTART_MAX_MS = 30_000;
/** A server that ran this long has earned a quick restart again. */
const STEADY_MS = 60_000;
const KEPT_LINES = 20;

export interface ServerSpec {
  /** For logs: `xmpp`, `turn`. */
  readonly name: string;
  /** Program and arguments; must exec, not fork, so that the pid is the server's. */
  readonly command: readonly string[];
  readonly listeners: readonly Listener[];
  /** A line that says that a port could not be had: both servers would go on without it. */
  readonly refused: RegExp;
}

export class ServerProcess {
  readonly #spec: ServerSpec;
  readonly #log: (line: string) => void;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  /** Wanted to run; false from the call of `stop` on. */
  #wanted = false;
  #restarting: AbortController | undefined;
  #lastLines: string[] = [];
  #refusal: string | undefined;

  constructor(spec: ServerSpec, log: (line: string) => void) {
    this.#spec = spec;
    this.#log = log;
  }

  /** Its process id while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Starts the server; nothing when it runs.
   *
   * @throws EvioError `SERVER_FAILED` with its last lines when it ends or doesn't open its ports.
   */
  async start(): Promise<void> {
    if (this.#wanted) return;
    this.#wanted = true;
    try {
      await this.#launch();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#supervise(performance.now(), RESTART_MIN_MS);
  }

  /** Stops the server; within {@link STOP_TIMEOUT_MS} even one that doesn't want to. */
  async stop(): Promise<void> {
    this.#wanted = false;
    this.#restarting?.abort();
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.#log(`${this.#spec.name}: does not stop, killed`);
      child.kill('SIGKILL');
    }, STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  async #launch(): Promise<void> {
    const { name, command, listeners } = this.#spec;
    const [program = '', ...args] = command;
    this.#lastLines = [];
    this.#refusal = undefined;
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', line => this.#heard(line));
    }
    this.#exited = new Promise(resolve => {
      const ended = (how: string) => {
        if (this.#child !== child) return;
        this.#child = undefined;
        this.#log(`${name}: ${how}`);
        resolve();
      };
      child.once('error', error => ended(`can't be started: ${error.message}`));
      child.once('close', (code, signal) => ended(`ended (${signal ?? `exit ${code}`})`));
    });
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (this.#child === child && child.pid !== undefined) {
      if (this.#refusal !== undefined) {
        throw new EvioError('SERVER_FAILED', `${name}: ${this.#refusal}`);
      }
      const missing = missingListeners(child.pid, listeners);
      if (missing.length === 0) return;
      if (performance.now() > deadline) {
        const ports = missing.map(({ protocol, port }) => `${protocol} ${port}`).join(', ');
        throw this.#failure(`did not open ${ports} within ${START_TIMEOUT_MS / 1000} s`);
      }
      await sleep(POLL_MS);
    }
    await this.#exited;
    throw this.#failure('ended at once');
  }

  /** Waits for the end of the child that runs and starts the next, until `stop`. */
  #supervise(startedAt: number, delay: number): void {
    void this.#exited.then(async () => {
      if (!this.#wanted) return;
      const pause = performance.now() - startedAt > STEADY_MS ? RESTART_MIN_MS : delay;
      this.#log(`${this.#spec.name}: restarts in ${pause} ms`);
      this.#restarting = new AbortController();
      const elapsed = await sleep(pause, true, { signal: this.#restarting.signal }).catch(
        () => false,
      );
      if (!elapsed || !this.#wanted) return;
      const restartedAt = performance.now();
      try {
        await this.#launch();
      } catch (error) {
        this.#log(error instanceof Error ? error.message : String(error));
        this.#child?.kill('SIGKILL');
      }
      this.#supervise(restartedAt, Math.min(pause * 2, RESTART_MAX_MS));
    });
  }

  #heard(line: string): void {
    this.#lastLines = [...this.#lastLines, line].slice(-KEPT_LINES);
    if (this.#spec.refused.test(line)) this.#refusal ??= line.trim();
    this.#log(`${this.#spec.name}: ${line}`);
  }

  #failure(what: string): EvioError {
    const lines = this.#lastLines.map(line => `\n  ${line}`).join('');
    return new EvioError('SERVER_FAILED', `${this.#spec.name}: ${what}${lines}`);
  }
}
