/**
 * Files that we write and may write again, as long as nobody else changed them.
 *
 *   1. The first line says who wrote the file and carries the SHA-256 of the rest.
 *   2. Before a rewrite the line and the hash are checked; a file of somebody else, or one that
 *      was edited, stays as it is.
 *   3. A write goes to a new file which then takes the old one's place, so that a reader never
 *      sees half of it.
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { EvioError } from '@evio/types';

/** How the first line is made a comment in each kind of file. */
export type HeaderStyle = 'lua' | 'hash' | 'groups';

const MARK = 'Written by evio hub; an edited file is not written again; sha256 ';

export interface WriteOptions {
  /** Permission bits, e.g. 0o640. */
  readonly mode: number;
  /** Owner, when root writes for a server's user. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Overwrite files that are not ours or were edited. */
  readonly force?: boolean;
}

function header(style: HeaderStyle, body: string): string {
  const text = MARK + createHash('sha256').update(body).digest('hex');
  // mod_groups knows no comments: a group without members is as good.
  return style === 'lua' ? `-- ${text}` : style === 'hash' ? `# ${text}` : `[# ${text}]`;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether the file is one that {@link writeOwned} wrote and nobody edited. */
function isOurs(content: string, style: HeaderStyle): boolean {
  const end = content.indexOf('\n');
  return end >= 0 && content.slice(0, end) === header(style, content.slice(end + 1));
}

/**
 * Writes a file with our header, unless it holds just that already.
 *
 * @returns whether anything changed.
 * @throws EvioError `FILE_NOT_OURS` when the file is somebody else's or was edited.
 */
export function writeOwned(
  path: string,
  style: HeaderStyle,
  body: string,
  options: WriteOptions,
): boolean {
  const content = `${header(style, body)}\n${body}`;
  const present = read(path);
  if (present === content) return false;
  if (present !== undefined && !isOurs(present, style) && options.force !== true) {
    throw new EvioError(
      'FILE_NOT_OURS',
      `${path} was edited or not written by evio hub; move it away, or use --force to replace it`,
    );
  }
  writeAtomic(path, content, options);
  return true;
}

/** Removes a file that {@link writeOwned} wrote; leaves an edited one and says so by `false`. */
export function removeOwned(path: string, style: HeaderStyle, force = false): boolean {
  const present = read(path);
  if (present !== undefined && !isOurs(present, style) && !force) return false;
  rmSync(path, { force: true });
  return true;
}

/** Replaces a file in one step, with its mode and owner set before it has its name. */
export function writeAtomic(path: string, content: string, options: WriteOptions): void {
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(file, content);
      fchmodSync(file, options.mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (options.owner !== undefined) chownSync(temporary, options.owner.uid, options.owner.gid);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
