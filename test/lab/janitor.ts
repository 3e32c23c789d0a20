import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { exitCode } from './command.ts';
import { detach, firstLine } from './lines.ts';

/**
 * Sees to it that nothing of a lab outlives this process: a detached shell script waits for the end
 * of a pipe that only this process holds, then kills what runs in the lab's namespaces and removes
 * them, and the lab's directory. An orderly end takes the same way.
 */
export class Janitor {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Registers a lab, and removes those whose processes all vanished. */
  static async hire(id: string, directory: string): Promise<Janitor> {
    const script = join(import.meta.dirname, 'janitor.sh');
    const child = spawn('sh', [script, id, directory], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      cwd: '/',
    });
    await firstLine(child, 'the janitor', 60_000);
    detach(child);
    return new Janitor(child);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Cleans up and waits until it is done. */
  async finish(): Promise<void> {
    this.#child.ref();
    this.#child.stdin?.end();
    await exitCode(this.#child);
  }
}
