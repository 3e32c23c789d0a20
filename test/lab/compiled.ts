import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from './command.ts';
import { CACHE } from './paths.ts';

/** Compiles a C++ program of one file, unless that was done before; returns where it is. */
export async function compiled(source: string): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 16);
  const program = join(CACHE, `${basename(source, '.cpp')}-${hash}`);
  if (!existsSync(program)) {
    await mkdir(CACHE, { recursive: true });
    const fresh = `${program}.${process.pid}`;
    const flags = ['-std=c++20', '-O2', '-Wall', '-Wextra', '-Werror'];
    await run(['g++', ...flags, '-o', fresh, source], { timeoutMs: 120_000 });
    await rename(fresh, program);
  }
  return program;
}
