import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandOptions, type CommandResult, exitCode, run } from '../lab/command.ts';
import { debianRoot } from './debian-root.ts';

/**
 * A Debian with systemd as its first process, in a network namespace: systemd-nspawn over a copy on
 * write of {@link debianRoot}. Units run in it as on a host, with their hardening.
 */
export class Machine {
  readonly #directory: string;
  readonly #child: ChildProcess;
  readonly #leader: number;
  /** Its file system, from outside. */
  readonly root: string;

  private constructor(directory: string, root: string, child: ChildProcess, leader: number) {
    this.#directory = directory;
    this.root = root;
    this.#child = child;
    this.#leader = leader;
  }

  /**
   * @param directory for its files; must not exist.
   * @param namespace name of a network namespace.
   */
  static async boot(directory: string, namespace: string): Promise<Machine> {
    const lower = await debianRoot();
    const root = join(directory, 'root');
    for (const name of ['upper', 'work', 'root']) {
      await mkdir(join(directory, name), { recursive: true });
    }
    const layers = `lowerdir=${lower},upperdir=${directory}/upper,workdir=${directory}/work`;
    await run(['mount', '-t', 'overlay', 'overlay', '-o', layers, root]);
    const child = spawn(
      'systemd-nspawn',
      [
        ...['--quiet', '--register=no', '--keep-unit', '--boot', '--console=pipe'],
        ...['--directory', root, '--machine', namespace],
        ...[`--network-namespace-path=/run/netns/${namespace}`, '--bind=/dev/net/tun'],
        // It keeps this by itself only for network namespaces that it makes.
        '--capability=CAP_NET_ADMIN',
        ...['--resolv-conf=off', '--timezone=off', '--link-journal=no'],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4000);
      });
    }
    const deadline = Date.now() + 60_000;
    for (;;) {
      const leader = await leaderOf(child.pid);
      if (leader !== undefined) {
        const machine = new Machine(directory, root, child, leader);
        const { stdout } = await machine.exec(['systemctl', 'is-system-running'], { check: false });
        // A container lacks some of what a host has: degraded is up as well.
        if (/running|degraded/.test(stdout)) return machine;
      }
      if (child.exitCode !== null || Date.now() > deadline) {
        child.kill('SIGKILL');
        await run(['umount', root], { check: false });
        throw new Error(`expected systemd to come up in a container; it said: ${said}`);
      }
      await sleep(100);
    }
  }

  /** Runs a command in it to its end. */
  exec(argv: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return run(this.enter(argv), options);
  }

  /** Runs a line of shell in root's home, as a person would who answers each question with Enter. */
  sh(line: string, options?: CommandOptions): Promise<CommandResult> {
    const patient = { timeoutMs: 120_000, input: '\n', ...options };
    return this.exec(['sh', '-euc', `cd /root; ${line}`], patient);
  }

  /** Puts a file into root's home. */
  async bring(file: string): Promise<void> {
    await cp(file, join(this.root, 'root', basename(file)));
  }

  /** A property of a unit, as `systemctl show` tells it. */
  async property(name: string, unit = 'evio.service'): Promise<string> {
    const { stdout } = await this.exec(['systemctl', 'show', '-P', name, unit]);
    return stdout.trim();
  }

  /** The command that enters it and becomes another one there. */
  enter(argv: readonly string[]): string[] {
    return [
      ...['nsenter', '--target', String(this.#leader), '--all', '--root', '--wd=/'],
      ...['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'DEBIAN_FRONTEND=noninteractive'],
      ...argv,
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = exitCode(this.#child);
    // systemd as a first process takes this for "halt at once".
    process.kill(this.#leader, 'SIGKILL');
    await ended;
    await run(['umount', this.root]);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** The first process of the container that this systemd-nspawn runs, once it is systemd. */
async function leaderOf(pid: number | undefined): Promise<number | undefined> {
  if (pid === undefined) return undefined;
  const { stdout } = await run(['ps', '--ppid', String(pid), '-o', 'pid=,comm='], { check: false });
  const found = /^\s*(\d+)\s+(systemd|init)$/m.exec(stdout)?.[1];
  return found === undefined ? undefined : Number(found);
}
