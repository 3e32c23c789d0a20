import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EvioError } from '@evio/types';

const WAIT_MS = 10_000;
const RETRY_MS = 25;

/**
 * Runs `body` while no other process or call does so with the same lock file. A lock left behind
 * by a process that is gone is broken.
 *
 * @throws EvioError `HUB_LOCKED` after ten seconds.
 */
export async function withLock<T>(path: string, body: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + WAIT_MS;
  while (!take(path)) {
    const holder = holderOf(path);
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(path, { force: true });
    } else if (performance.now() > deadline) {
      throw new EvioError('HUB_LOCKED', `${path} is held by process ${holder ?? 'unknown'}`);
    } else {
      await sleep(RETRY_MS);
    }
  }
  try {
    return await body();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o600);
    try {
      writeSync(file, String(process.pid));
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    // Empty for an instant between creation and the write.
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined; // released meanwhile
  }
}

function isAlive(pid: number): boolean {
  return pid === process.pid || statSync(`/proc/${pid}`, { throwIfNoEntry: false }) !== undefined;
}
