import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Writes a file so that everybody sees the old one or the new one, also after a power cut. Makes its
 * directory if it is missing.
 *
 * @throws what the file system says.
 */
export function replaceFile(file: string, content: string | Uint8Array, mode: number): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  const temporary = join(dirname(file), `.evio-${process.pid}.new`); // runtimes read no hidden files
  try {
    writeFileSync(temporary, content, { mode });
    chmodSync(temporary, mode);
    flush(temporary);
    renameSync(temporary, file);
    flush(dirname(file));
  } finally {
    rmSync(temporary, { force: true });
  }
}

function flush(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
