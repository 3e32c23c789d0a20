import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../lab/command.ts';

/** Name of the image that {@link buildPodImage} makes. */
export const POD_IMAGE = 'evio.test/pod:1';

/** Of busybox, those that tests run. */
const APPLETS = [
  'sh',
  'sleep',
  'ping',
  'wget',
  'nc',
  'httpd',
  'sha256sum',
  'dd',
  'cat',
  'ip',
  'timeout',
];

/**
 * Makes an image of Debian's static busybox, as an archive that `ctr images import` and `podman load`
 * take (docker-archive). What it runs by default sleeps.
 *
 * @returns the archive's path.
 */
export async function buildPodImage(directory: string): Promise<string> {
  const root = join(directory, 'image-root');
  await mkdir(join(root, 'bin'), { recursive: true });
  await mkdir(join(root, 'tmp'));
  await copyFile('/bin/busybox', join(root, 'bin', 'busybox'));
  for (const applet of APPLETS) await symlink('busybox', join(root, 'bin', applet));
  const image = join(directory, 'image');
  await mkdir(image);
  const layer = join(image, 'layer.tar');
  await run([
    'tar',
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '-C',
    root,
    '-cf',
    layer,
    '.',
  ]);
  const digest = createHash('sha256')
    .update(await readFile(layer))
    .digest('hex');
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const config = {
    architecture,
    os: 'linux',
    config: { Cmd: ['/bin/sleep', '1000000'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    history: [{ created: '1970-01-01T00:00:00Z' }],
  };
  await writeFile(join(image, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [POD_IMAGE], Layers: ['layer.tar'] }];
  await writeFile(join(image, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(directory, 'pod-image.tar');
  await run(['tar', '-C', image, '-cf', archive, 'manifest.json', 'config.json', 'layer.tar']);
  return archive;
}
