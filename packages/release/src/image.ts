import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';
import { ROOT } from './paths.ts';

/**
 * Builds the container image of a staged tree with buildah, in a storage of its own, and writes it as
 * an OCI archive (`podman load`, `ctr images import`).
 *
 * @param root the staged tree, of this machine's own architecture.
 * @param file the archive to write.
 * @param place an empty directory for buildah's storage.
 */
export function image(
  root: string,
  file: string,
  place: string,
  { version, epoch }: { readonly version: string; readonly epoch: number },
): void {
  mkdirSync(place, { recursive: true });
  const storage = join(place, 'storage.conf');
  writeFileSync(
    storage,
    `[storage]\ndriver = "vfs"\ngraphroot = "${place}/root"\nrunroot = "${place}/run"\n`,
  );
  const env = {
    CONTAINERS_STORAGE_CONF: storage,
    STORAGE_DRIVER: 'vfs',
    SOURCE_DATE_EPOCH: String(epoch),
  };
  const name = `localhost/evio:${version}`;
  const script = join(ROOT, 'config', 'container', 'build.sh');
  command(['sh', script, name, root], { env });
  // Packed here: an archive of buildah's own has the time of its making.
  const layout = join(place, 'layout');
  command(['buildah', 'push', '--quiet', name, `oci:${layout}:${name}`], { env });
  command([
    ...['tar', '--create', '--file', file, '--directory', layout, `--mtime=@${epoch}`],
    ...['--format=gnu', '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mode=go=rX'],
    ...['blobs', 'index.json', 'oci-layout'],
  ]);
}
