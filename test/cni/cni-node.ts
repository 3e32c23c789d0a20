import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CniStatus } from '@evio/cni';
import { exitCode, run } from '../lab/command.ts';
import type { Host } from '../lab/index.ts';
import { detach, firstLine } from '../lab/lines.ts';
import { ROOT } from '../lab/paths.ts';

/** The shim as it is built by test/setup.sh. */
export const SHIM = join(ROOT, 'packages', 'cni', 'dist', 'evio-cni');
/** Plugins of the CNI project, as Debian installs them. */
export const DEBIAN_PLUGINS = '/usr/lib/cni';

export interface CniNodeOptions {
  readonly networks?: readonly string[];
  readonly ranges?: readonly string[];
  readonly bridge?: string;
  readonly mtu?: number;
}

/** A host of the lab with the CNI service, standing alone, and a directory of plugins. */
export class CniNode {
  readonly host: Host;
  readonly directory: string;
  readonly #options: CniNodeOptions;
  #child: ChildProcess | undefined;

  constructor(host: Host, labDirectory: string, options: CniNodeOptions = {}) {
    this.host = host;
    this.directory = join(labDirectory, `cni-${host.name}`);
    this.#options = options;
  }

  get socket(): string {
    return join(this.directory, 'cni.sock');
  }

  get stateDir(): string {
    return join(this.directory, 'state');
  }

  get bin(): string {
    return join(this.directory, 'bin');
  }

  get bridge(): string {
    return this.#options.bridge ?? 'evio-pods';
  }

  /** What `evio cni install` writes, for the sockets and directories of this node. */
  config(change: object = {}): Record<string, unknown> {
    return {
      cniVersion: '1.0.0',
      name: 'pods',
      type: 'evio',
      socket: this.socket,
      pendingDir: join(this.stateDir, 'pending'),
      isDefaultGateway: true,
      ...change,
    };
  }

  /** Argument vector of a command in the host's network and the machine's mounts. */
  enter(argv: readonly string[]): string[] {
    return ['nsenter', `--net=/run/netns/${this.host.namespace.name}`, '--', ...argv];
  }

  async start(): Promise<void> {
    await mkdir(this.bin, { recursive: true });
    await cp(SHIM, join(this.bin, 'evio'));
    for (const name of await readdir(DEBIAN_PLUGINS)) {
      await cp(join(DEBIAN_PLUGINS, name), join(this.bin, name));
    }
    const options = {
      socket: this.socket,
      stateDir: this.stateDir,
      node: this.host.name,
      bridge: this.bridge,
      mtu: this.#options.mtu ?? 1400,
      ranges: {
        networks: this.#options.networks ?? ['10.244.0.0/16', 'fd00:244::/48'],
        ranges: this.#options.ranges ?? ['10.244.3.0/24', 'fd00:244:0:300::/56'],
      },
    };
    const [program = '', ...args] = this.enter([
      process.execPath,
      join(import.meta.dirname, 'serve.ts'),
      JSON.stringify(options),
    ]);
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    await firstLine(this.#child, 'the CNI service', 15_000);
    detach(this.#child);
  }

  /** SIGKILL is an agent that crashes. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.ref();
    const ended = exitCode(child);
    child.kill(signal);
    await ended;
    this.#child = undefined;
  }

  async status(): Promise<CniStatus> {
    const child = this.#child;
    if (child === undefined) throw new Error('the CNI service does not run');
    const line = firstLine(child, 'its status', 5_000);
    child.stdin?.write('\n');
    return JSON.parse(await line);
  }

  /** Names of the interfaces of pods on the host. */
  async podInterfaces(): Promise<string[]> {
    const { stdout } = await run(this.enter(['ip', '-json', 'link', 'show', 'type', 'veth']));
    return JSON.parse(stdout || '[]')
      .map(({ ifname }: { ifname: string }) => ifname)
      .filter((name: string) => name.startsWith('evp'));
  }
}
