import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import type { Architecture } from './architecture.ts';
import { command } from './command.ts';
import { libraryNeeds } from './library-needs.ts';
import { ROOT } from './paths.ts';

export interface DebOptions {
  readonly architecture: Architecture;
  readonly version: string;
  /** Seconds since 1970. */
  readonly epoch: number;
  /** `none` is for tests, which install more often than they copy. */
  readonly compression?: 'xz' | 'none';
}

const OVERRIDES = 'usr/share/lintian/overrides/evio';

/**
 * Makes the Debian package of a staged tree by dpkg-deb alone: what is in it was made before, and
 * debhelper would only copy it.
 *
 * @param root what stage.ts made; gets the directory DEBIAN and lintian's overrides.
 * @param file the package to write.
 */
export function deb(root: string, file: string, options: DebOptions): void {
  const { architecture, version, epoch, compression = 'xz' } = options;
  const source = join(ROOT, 'packages', 'release', 'debian');
  const control = join(root, 'DEBIAN');
  mkdirSync(control, { recursive: true });
  mkdirSync(join(root, OVERRIDES, '..'), { recursive: true });
  copyFileSync(join(source, 'lintian-overrides'), join(root, OVERRIDES));

  const files = filesOf(root).filter(path => !path.startsWith('DEBIAN/'));
  const programs = files.filter(path =>
    /^usr\/lib\/evio\/(node|datapath\.node|evio-cni|evio-pod-worker)$/.test(path),
  );
  writeFileSync(
    join(control, 'control'),
    controlFile({
      architecture,
      version,
      depends: libraryNeeds(programs.map(path => join(root, path))),
      kib: Math.ceil(files.reduce((sum, path) => sum + statSync(join(root, path)).size, 0) / 1024),
    }),
  );
  writeFileSync(
    join(control, 'conffiles'),
    files
      .filter(path => path.startsWith('etc/'))
      .map(path => `/${path}\n`)
      .join(''),
  );
  writeFileSync(
    join(control, 'md5sums'),
    files
      .filter(path => !path.startsWith('etc/'))
      .map(path => `${md5(join(root, path))}  ${path}\n`)
      .join(''),
  );
  for (const script of ['postinst', 'prerm', 'postrm']) {
    copyFileSync(join(source, script), join(control, script));
    chmodSync(join(control, script), 0o755);
  }
  for (const path of [...filesOf(control).map(name => join('DEBIAN', name)), OVERRIDES]) {
    if (!/\/(postinst|prerm|postrm)$/.test(path)) chmodSync(join(root, path), 0o644);
    utimesSync(join(root, path), epoch, epoch);
  }
  // dpkg-deb takes SOURCE_DATE_EPOCH for its own times, and sets later ones of files to it. One
  // thread: how xz cuts its blocks must not depend on the machine.
  command(
    [
      'dpkg-deb',
      '--build',
      '--root-owner-group',
      '--threads-max=1',
      `-Z${compression}`,
      ...(compression === 'none' ? [] : ['-z1']),
      root,
      file,
    ],
    { env: { SOURCE_DATE_EPOCH: String(epoch) } },
  );
}

function controlFile(of: {
  architecture: Architecture;
  version: string;
  depends: readonly string[];
  kib: number;
}): string {
  // adduser for the group, iproute2 for addresses and bridges.
  const depends = [...of.depends, 'adduser', 'iproute2'];
  return `Package: evio
Version: ${of.version}
Architecture: ${of.architecture.debian}
Maintainer: The Evio authors <evio@packages.invalid>
Installed-Size: ${of.kib}
Depends: ${depends.join(', ')}
Recommends: kmod, nftables
Suggests: prosody, coturn
Section: net
Priority: optional
Description: peer-to-peer layer-2 overlay, signaled over XMPP
 Gives hosts behind NATs one flat, encrypted Ethernet. A host signs in to an
 XMPP server, finds the other members of its overlays by presence, makes
 direct links to them through their NATs, and offers an Ethernet device.
 .
 This package has the agent as a systemd service, the evio command, and the
 Node.js that both run on. The hub of an overlay needs prosody and coturn.
`;
}

/** Paths below a directory, sorted, without the directories. */
export function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

function md5(file: string): string {
  return createHash('md5').update(readFileSync(file)).digest('hex');
}
