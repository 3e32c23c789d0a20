import type { ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigFileInput } from '@evio/agent/config';
import {
  type AgentStatus,
  ControlClient,
  type OverlayStatus,
  type PeerStatus,
} from '@evio/agent/control';
import { parse, stringify } from 'yaml';
import { type CommandOptions, type CommandResult, exitCode, run } from './command.ts';
import type { Host } from './host.ts';
import { detach } from './lines.ts';
import { EVIO } from './paths.ts';

/** Waits for something of an agent took too long. */
export class LabTimeout extends Error {
  override readonly name = 'LabTimeout';
}

/** An `evio up` process on a host, with its state, control socket and log in the lab's directory. */
export class Agent {
  readonly host: Host;
  readonly directory: string;
  readonly control: ControlClient;
  /** Its first address in the overlay, without prefix length. */
  readonly address: string;
  readonly #configFile: string;
  readonly #socket: string;
  #child: ChildProcess | undefined;

  private constructor(host: Host, directory: string, address: string) {
    this.host = host;
    this.directory = directory;
    this.address = address;
    this.#configFile = join(directory, 'evio.yaml');
    this.#socket = join(directory, 'evio.sock');
    this.control = new ControlClient(this.#socket);
  }

  /**
   * Writes the configuration, without starting the agent.
   *
   * @param folder what `evio hub add-node` made: evio.yaml and the files that it names.
   * @param change what to change in it before it is written.
   */
  static async prepare(
    host: Host,
    directory: string,
    folder: string,
    change?: (config: ConfigFileInput) => void,
  ): Promise<Agent> {
    // The way of every node: the folder that the hub made becomes its /etc/evio.
    await cp(folder, directory, { recursive: true });
    const text = await readFile(join(directory, 'evio.yaml'), 'utf8');
    const config: ConfigFileInput = parse(text);
    config.state_dir = join(directory, 'state');
    config.control_socket = join(directory, 'evio.sock');
    change?.(config);
    const [cidr = ''] = config.overlays[0]?.interface?.address ?? [];
    const agent = new Agent(host, directory, cidr.replace(/\/\d+$/, ''));
    await writeFile(agent.#configFile, stringify(config), { mode: 0o600 });
    return agent;
  }

  get name(): string {
    return this.host.name;
  }

  get logFile(): string {
    return join(this.directory, 'evio.log');
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`the agent of ${this.name} does not run`);
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && !this.#child.signalCode;
  }

  /** Starts `evio up` and waits until its control socket answers. */
  async start(): Promise<this> {
    if (this.running) return this;
    const log = openSync(this.logFile, 'a');
    this.#child = this.host.spawn([EVIO, 'up', '--config', this.#configFile], {
      stdio: ['ignore', log, log],
    });
    detach(this.#child);
    await this.until('answers', async () => (await this.#statusOrNothing()) !== undefined, 15_000);
    return this;
  }

  /** Ends it in order (SIGTERM); returns its exit code. */
  async stop(): Promise<number> {
    return this.#end('SIGTERM');
  }

  /** Kills it in the middle of whatever it does. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  status(): Promise<AgentStatus> {
    return this.control.status();
  }

  /** Its status in its only (or first) overlay. */
  async overlay(): Promise<OverlayStatus> {
    const [overlay] = (await this.status()).overlays;
    if (overlay === undefined) throw new Error(`the agent of ${this.name} has no overlay`);
    return overlay;
  }

  /** What it says about another agent of the lab; undefined as long as it has not heard of it. */
  async peer(other: Agent): Promise<PeerStatus | undefined> {
    return (await this.overlay()).peers.find(({ name }) => name === other.name);
  }

  /** Runs an `evio` command against this agent, as an operator would: `command('peers')`. */
  command(args: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    const env = { ...options?.env, EVIO_SOCKET: this.#socket };
    return run([EVIO, ...args], { ...options, env });
  }

  /** What it logged, as text (one JSON object per line). */
  async log(): Promise<string> {
    return readFile(this.logFile, 'utf8').catch(() => '');
  }

  /** Waits until it is signed in. */
  async online(timeoutMs = 10_000): Promise<void> {
    await this.until(
      'is online',
      async () => (await this.#statusOrNothing())?.overlays[0]?.signaling.state === 'online',
      timeoutMs,
    );
  }

  /** Waits until it has a link with keys to another agent, and returns what it says about it. */
  async linkedTo(other: Agent, timeoutMs = 10_000): Promise<PeerStatus> {
    let peer: PeerStatus | undefined;
    await this.until(
      `is linked to ${other.name}`,
      async () => {
        peer = await this.peer(other);
        return peer?.session.state === 'up' && /direct|turn/.test(peer.path.kind);
      },
      timeoutMs,
    );
    if (peer === undefined) throw new Error('unreachable: the wait ended with a peer');
    return peer;
  }

  /**
   * Waits for a condition, asking every 25 ms.
   *
   * @throws LabTimeout with the last lines of the agent's log.
   */
  async until(what: string, test: () => Promise<boolean>, timeoutMs = 10_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await test())) {
      if (!this.running || Date.now() > deadline) {
        const why = this.running ? `not within ${timeoutMs} ms` : 'it ended';
        const log = (await this.log()).split('\n').slice(-25).join('\n');
        throw new LabTimeout(`waited until the agent of ${this.name} ${what}: ${why}\n${log}`);
      }
      await sleep(25);
    }
  }

  /** Resident memory of its process, in bytes. */
  async residentBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  /** Processor time that it used so far, in seconds (user and system, all threads). */
  async processorSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async #end(signal: NodeJS.Signals): Promise<number> {
    const child = this.#child;
    if (child === undefined || !this.running) return 0;
    child.ref();
    const ended = exitCode(child);
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const code = await ended;
    clearTimeout(late);
    return code;
  }

  /** Undefined while it does not listen yet. */
  async #statusOrNothing(): Promise<AgentStatus | undefined> {
    try {
      return await this.status();
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'AGENT_DOWN')
        return undefined;
      throw error;
    }
  }
}
