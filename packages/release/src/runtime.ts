import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EvioError } from '@evio/types';
import type { Architecture } from './architecture.ts';
import { command } from './command.ts';
import { CACHE, ROOT } from './paths.ts';

/**
 * The directory of Node's npm package for an architecture, with `bin/node`, `include` and `LICENSE`.
 * npm installs only that of the machine; another one is fetched and held against the lock file.
 *
 * @throws EvioError `RELEASE_FAILED` when what came is not what the lock file names.
 */
export function runtimeOf({ node }: Architecture): string {
  const name = `node-linux-${node}`;
  const installed = join(ROOT, 'node_modules', name);
  if (existsSync(join(installed, 'bin', 'node'))) return installed;

  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { version: string; integrity: string }>>;
  };
  const wanted = lock.packages[`node_modules/${name}`];
  if (wanted === undefined) {
    throw new EvioError('RELEASE_FAILED', `expected ${name} in package-lock.json, found none`);
  }
  const directory = join(CACHE, `${name}-${wanted.version}`);
  if (existsSync(directory)) return directory;

  const download = `${directory}.part`;
  rmSync(download, { recursive: true, force: true });
  mkdirSync(download, { recursive: true });
  const file = command(
    ['npm', 'pack', '--silent', '--pack-destination', download, `${name}@${wanted.version}`],
    { cwd: download },
  ).trim();
  const archive = join(download, file);
  const integrity = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (integrity !== wanted.integrity) {
    throw new EvioError(
      'RELEASE_FAILED',
      `expected ${name} ${wanted.version} to have ${wanted.integrity}, got ${integrity}`,
    );
  }
  command(['tar', '-xzf', archive, '-C', download, '--strip-components=1', '--no-same-owner']);
  rmSync(archive);
  renameSync(download, directory);
  return directory;
}
