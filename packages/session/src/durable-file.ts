import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { EvioError } from '@evio/types';

/** Larger than any file of ours; a larger one is not ours. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads a file that nobody but its owner, who must be us, may read or write.
 *
 * @returns its text, or `undefined` when there is no such file.
 * @throws EvioError `FILE_UNSAFE` when it is a link or no regular file, belongs to another user, or
 * others have any right to it; `FILE_UNREADABLE` when the system refuses for another reason.
 */
export function readPrivateFile(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    if (errorCode(cause) === 'ELOOP') {
      throw new EvioError('FILE_UNSAFE', `${file}: expected a regular file, got a link`, { cause });
    }
    throw new EvioError('FILE_UNREADABLE', `${file}: cannot be opened: ${text(cause)}`, { cause });
  }
  try {
    const { uid, mode, size } = fstatSync(descriptor);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) {
      throw new EvioError('FILE_UNSAFE', `${file}: expected a regular file`);
    }
    const self = process.geteuid?.();
    if (self !== undefined && uid !== self) {
      throw new EvioError(
        'FILE_UNSAFE',
        `${file}: expected to be owned by user ${self}, which runs this, but it is owned by ${uid}`,
      );
    }
    if ((mode & 0o077) !== 0) {
      throw new EvioError(
        'FILE_UNSAFE',
        `${file}: expected mode 0600, got 0${(mode & 0o777).toString(8)}: others may have read or ` +
          `changed it; if you are sure they have not, run: chmod 600 ${file}`,
      );
    }
    if (size > MAX_BYTES) {
      throw new EvioError('FILE_UNSAFE', `${file}: expected at most ${MAX_BYTES} bytes`);
    }
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes `content` so that a crash or a power cut leaves the old file or the new one, never a part.
 *
 * @param exclusive when true, a file that is already there stays and the answer is `false`.
 * @throws EvioError `FILE_UNWRITABLE`.
 */
export function writePrivateFile(file: string, content: string, exclusive = false): boolean {
  const directory = dirname(file);
  const temporary = `${file}.${process.pid}.new`;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    rmSync(temporary, { force: true }); // left by a process of our pid that was killed
    const descriptor = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (exclusive) {
      try {
        linkSync(temporary, file); // unlike rename, refuses to replace
      } catch (error) {
        if (errorCode(error) === 'EEXIST') return false;
        throw error;
      }
    } else {
      renameSync(temporary, file);
    }
    const entry = openSync(directory, constants.O_RDONLY);
    try {
      fsyncSync(entry);
    } finally {
      closeSync(entry);
    }
    return true;
  } catch (cause) {
    throw new EvioError('FILE_UNWRITABLE', `${file}: cannot be written: ${text(cause)}`, { cause });
  } finally {
    rmSync(temporary, { force: true });
  }
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
