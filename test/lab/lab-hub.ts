import type { ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCode, run } from './command.ts';
import { detach } from './lines.ts';
import type { Namespace } from './namespace.ts';
import { EVIO } from './paths.ts';

/** The hub's public addresses: STUN needs two to tell NAT kinds apart (RFC 5780). */
export const HUB_ADDRESSES = ['198.18.250.10', '198.18.250.11'] as const;
export const HUB_ADDRESS6 = '2001:db8:ffff:250::10';
export const HUB_DOMAIN = 'evio.test';

/** The XMPP server and the STUN/TURN server, as `evio hub` configures and runs them. */
export class LabHub {
  readonly namespace: Namespace;
  readonly domain = HUB_DOMAIN;
  readonly directory: string;
  #child: ChildProcess | undefined;

  constructor(namespace: Namespace, directory: string) {
    this.namespace = namespace;
    this.directory = directory;
  }

  get logFile(): string {
    return `${this.directory}.log`;
  }

  /** Runs an `evio hub` command in the hub's namespace. */
  async command(...args: string[]): Promise<string> {
    const [verb = '', ...rest] = args;
    const argv = [process.execPath, EVIO, 'hub', verb, '--dir', this.directory, ...rest];
    const { stdout } = await this.namespace.exec(argv, { timeoutMs: 60_000 });
    return stdout;
  }

  /** Makes the hub at its first start, and runs its servers until they answer. */
  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const addresses = [...HUB_ADDRESSES, HUB_ADDRESS6].flatMap(address => ['--address', address]);
    await this.command('init', '--domain', this.domain, ...addresses);
    const log = openSync(this.logFile, 'a');
    this.#child = this.namespace.spawn(
      [process.execPath, EVIO, 'hub', 'up', '--dir', this.directory],
      { stdio: ['ignore', log, log] },
    );
    detach(this.#child);
    await this.#ready();
  }

  /** Ends its servers; established links must not care. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const ended = exitCode(child);
    child.kill(signal);
    // Prosody with many hibernated sessions takes long to stop.
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
    await this.#nothingLeft();
  }

  /** What its servers printed. */
  log(): Promise<string> {
    return readFile(this.logFile, 'utf8');
  }

  /** Adds an account, and returns the folder with its evio.yaml, password and ca.pem. */
  async addNode(name: string): Promise<string> {
    await this.command('add-node', name);
    return join(this.directory, 'nodes', name);
  }

  async #ready(): Promise<void> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const { stdout } = await this.namespace.exec(['ss', '-Hltn'], { check: false });
      if (/:5223\s/.test(stdout) && /:3478\s/.test(stdout)) return;
      if (this.#child?.exitCode != null || Date.now() > deadline) {
        throw new Error(
          `the hub did not come up; its log says:\n${(await this.log()).slice(-3000)}`,
        );
      }
      await sleep(50);
    }
  }

  /** A supervisor that was killed leaves its servers; a stopped hub must be silent. */
  async #nothingLeft(): Promise<void> {
    const { stdout } = await run(['ip', 'netns', 'pids', this.namespace.name]);
    for (const pid of stdout.split('\n').map(Number)) if (pid > 1) kill(pid);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
