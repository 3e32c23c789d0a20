import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunCommand } from '@evio/agent/system';
import { EvioError } from '@evio/types';

/**
 * Writes files into a folder of that name within a `.tar.gz` of mode 0600, by tar(1).
 *
 * @throws EvioError `ARCHIVE_FAILED`; `COMMAND_FAILED` without tar.
 */
export async function writeArchive(
  archive: string,
  folder: string,
  files: ReadonlyMap<string, string>,
  run: RunCommand,
): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'evio-bugreport-'));
  try {
    mkdirSync(join(scratch, folder));
    for (const [name, text] of files) writeFileSync(join(scratch, folder, name), text);
    writeFileSync(archive, '', { mode: 0o600, flag: 'wx' });
    const { code, stderr } = await run('tar', ['-czf', archive, '-C', scratch, folder]);
    if (code !== 0) throw new EvioError('ARCHIVE_FAILED', `tar: ${stderr.trim()}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof EvioError || code === undefined) throw error;
    throw new EvioError('ARCHIVE_FAILED', `${archive} cannot be written (${code})`, {
      cause: error,
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
