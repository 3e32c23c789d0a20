import { join } from 'node:path';
import { ARCHITECTURES, isNative } from '../../packages/release/src/architecture.ts';
import { release } from '../../packages/release/src/release.ts';

/**
 * Makes the Debian package of what is built here for this machine, as a release does but for the
 * compression: in two seconds.
 *
 * @param out a directory for it alone.
 * @returns the package's file.
 */
export async function buildPackage(out: string, version: string): Promise<string> {
  const architectures = ARCHITECTURES.filter(isNative);
  const [architecture] = architectures;
  if (architecture === undefined) throw new Error(`nothing is released for ${process.arch}`);
  const epoch = 1_750_000_000;
  await release({ out, version, epoch, architectures, kinds: ['deb'], compression: 'none' });
  return join(out, `evio_${version}_${architecture.debian}.deb`);
}
