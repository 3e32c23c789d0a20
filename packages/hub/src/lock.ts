import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { EvioError } from '@evio/types';

const WAIT_S = 10;

/**
 * Runs `body` while no other process or call does so with the same lock file.
 *
 * Node has no flock(2), and a lock file that merely exists outlives a process that was killed. So
 * a `cat` run by flock(1) holds the lock: its first output says that it has it, and it ends when
 * its input does, which is also when we die.
 *
 * @throws EvioError `HUB_LOCKED` after ten seconds.
 */
export async function withLock<T>(path: string, body: () => T | Promise<T>): Promise<T> {
  // A file that others may open, they may lock.
  closeSync(openSync(path, 'a', 0o600));
  const holder = spawn('flock', ['--timeout', String(WAIT_S), path, 'cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(holder, 'close');
  // Ends with an error when flock gives up before it reads.
  holder.stdin.on('error', () => {});
  try {
    holder.stdin.write('?');
    const held = await Promise.race([
      once(holder.stdout, 'data').then(() => true),
      closed.then(() => false),
    ]);
    if (!held) {
      throw new EvioError('HUB_LOCKED', `another command has held ${path} for ${WAIT_S} s`);
    }
    return await body();
  } finally {
    holder.stdin.end();
    await closed.catch(() => undefined); // couldn't be spawned: thrown above already
  }
}
