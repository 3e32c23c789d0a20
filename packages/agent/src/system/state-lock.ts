import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, realpathSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { EvioError } from '@evio/types';

/**
 * Holds a state directory for one agent, so that two never speak with one identity.
 *
 * The lock is an abstract unix socket (unix(7)) named after the directory: the kernel gives the name
 * to one process and takes it back when that ends, however it ends, so there is no stale lock and no
 * race. It holds among the agents of one network namespace; over several, the control socket is the
 * guard.
 */
export class StateLock {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Makes the directory (mode 0700) when it is missing.
   *
   * @throws EvioError `STATE_LOCKED` when another agent has it, `STATE_UNUSABLE` when it cannot be
   * made.
   */
  static async acquire(directory: string): Promise<StateLock> {
    let real: string;
    try {
      if (mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined) {
        chmodSync(directory, 0o700);
      }
      real = realpathSync(directory);
    } catch (error) {
      const message = `the state directory ${directory} cannot be used: ${(error as Error).message}`;
      throw new EvioError('STATE_UNUSABLE', message, { cause: error });
    }
    const hash = createHash('sha256').update(real).digest('hex').slice(0, 32);
    // Whoever connects learns nothing and is not kept.
    const server = createServer(connection => connection.destroy());
    const listening = once(server, 'listening');
    server.listen({ path: `\0evio-state-${hash}` });
    try {
      await listening;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      const message = `another agent is running with the state directory ${directory}`;
      throw new EvioError('STATE_LOCKED', message, { cause: error });
    }
    server.unref();
    return new StateLock(server);
  }

  async release(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}
