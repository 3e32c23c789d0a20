import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CniAnswer, CniRequest } from '../plugin/cni-plugin.ts';
import { decodeRequest } from './frame.ts';

/** What became of deletions that were kept. */
export interface PendingOutcome {
  readonly done: number;
  readonly failed: number;
}

/**
 * Carries out the deletions that shims kept on disk while the agent was away
 * (`native/pending_delete.h`). One that fails stays for the next time; one that is no request goes.
 */
export async function carryOutPendingDeletes(
  directory: string,
  handle: (request: CniRequest) => Promise<CniAnswer>,
): Promise<PendingOutcome> {
  let done = 0;
  let failed = 0;
  for (const name of list(directory)) {
    const file = join(directory, name);
    const request = decodeRequest(readFileSync(file));
    if (request?.environment.get('CNI_COMMAND') === 'DEL') {
      const { status } = await handle(request);
      if (status !== 0) {
        failed += 1;
        continue;
      }
      done += 1;
    }
    rmSync(file, { force: true });
  }
  return { done, failed };
}

/** Files without the ending are still being written. */
function list(directory: string): string[] {
  try {
    return readdirSync(directory).filter(name => name.endsWith('.del'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
