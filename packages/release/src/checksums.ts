import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'SHA256SUMS';

/** Writes SHA256SUMS for the files of a directory, in the form that `sha256sum --check` reads. */
export function writeChecksums(directory: string): void {
  const lines = readdirSync(directory)
    .filter(file => file !== NAME)
    .sort()
    .map(file => `${sha256(join(directory, file))}  ${file}\n`);
  writeFileSync(join(directory, NAME), lines.join(''));
}

export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
