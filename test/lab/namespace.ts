import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { type CommandOptions, type CommandResult, run } from './command.ts';

/**
 * A network namespace of the lab, by its name in /run/netns. Commands run in it by `ip netns exec`,
 * which also shows them the /sys of the namespace and then becomes the command: signals reach it.
 */
export class Namespace {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Runs a command inside to its end; see {@link run} for errors. */
  exec(argv: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return run(this.#enter(argv), options);
  }

  /** Starts a command inside. The lab kills it at its end if it still runs. */
  spawn(argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [program, ...args] = this.#enter(argv);
    return spawn(program, args, options);
  }

  /** Runs one `ip -batch` with these lines. */
  async ip(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    await this.exec(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  }

  /** Applies nftables commands as one transaction. */
  async nft(commands: string): Promise<void> {
    await this.exec(['nft', '-f', '-'], { input: commands });
  }

  /** Sets kernel parameters, by their path below /proc/sys/net. */
  async sysctl(settings: Readonly<Record<string, string | number>>): Promise<void> {
    const script = Object.entries(settings).map(
      ([path, value]) => `echo ${value} >/proc/sys/net/${path}`,
    );
    if (script.length > 0) await this.exec(['sh', '-ec', script.join('\n')]);
  }

  #enter(argv: readonly string[]): [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.name, ...argv];
  }
}
