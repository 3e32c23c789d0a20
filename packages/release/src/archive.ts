import { join } from 'node:path';
import { command } from './command.ts';

/**
 * Packs a staged tree for hosts without dpkg: `NAME/usr/bin/evio` runs wherever it is unpacked.
 *
 * @param file the archive to write, `.tar.gz`.
 * @param name its only directory.
 */
export function archive(root: string, file: string, name: string, epoch: number): void {
  command([
    ...['tar', '--create', '--file', file, '--directory', root],
    ...['--use-compress-program', 'gzip --no-name -6', '--transform', `s,^\\.,${name},`],
    ...['--format=gnu', '--sort=name', '--owner=0', '--group=0', '--numeric-owner'],
    ...[
      `--mtime=@${epoch}`,
      '--exclude=./DEBIAN',
      `--exclude=./${join('usr', 'share', 'lintian')}`,
    ],
    '.',
  ]);
}
