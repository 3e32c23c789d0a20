import {
  chmodSync,
  existsSync,
  globSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Architecture } from './architecture.ts';
import type { BundledPackage } from './bundled-package.ts';
import { command } from './command.ts';
import { copyFile, copyTree } from './copy-tree.ts';
import { copyright } from './copyright.ts';
import { nativeParts } from './native.ts';
import { ROOT } from './paths.ts';
import { runtimeOf } from './runtime.ts';

/** Where the parts are that all architectures share. */
export interface Shared {
  /** Directory that bundle.ts filled. */
  readonly bundle: string;
  readonly packages: readonly BundledPackage[];
}

const PROGRAMS = 'usr/lib/evio';
const DOC = 'usr/share/doc/evio';

/**
 * Lays out the file system of a host that has Evio: the one tree that the package, the archive and
 * the container image are made from.
 *
 * ```
 * /etc/evio/evio.yaml.example
 * /usr/bin/evio                     a line of shell
 * /usr/lib/evio/                    node, evio.mjs and its chunks, pages, datapath.node, programs for CNI
 * /lib/systemd/system/              evio.service, evio-hub.service
 * /usr/share/doc/evio/              this manual, copyright, changelog, examples
 * /usr/share/man, /usr/share/bash-completion, …      what packages/cli/dist has of them
 * ```
 *
 * @param root an empty directory.
 * @param epoch time of every file, seconds since 1970.
 */
export function stage(
  root: string,
  architecture: Architecture,
  { bundle, packages }: Shared,
  epoch: number,
): void {
  const runtime = runtimeOf(architecture);
  const { addon, programs } = nativeParts(architecture);
  // Modules for Node, not programs: esbuild takes over main.ts's mode.
  copyTree(bundle, join(root, PROGRAMS));
  program(join(ROOT, 'packages', 'release', 'evio.sh'), join(root, 'usr/bin/evio'));
  const strip = `${architecture.gnu}-strip`;
  for (const [from, to, mode] of [
    [join(runtime, 'bin', 'node'), 'node', 0o755],
    [addon, 'datapath.node', 0o644],
    ...programs.map(path => [path, basename(path), 0o755] as const),
  ] as const) {
    const target = join(root, PROGRAMS, to);
    // Symbols that only a debugger reads: a tenth of Node's size.
    command([strip, '--strip-unneeded', '--remove-section=.comment', '-o', target, from]);
    chmodSync(target, mode);
  }

  for (const unit of ['evio.service', 'evio-hub.service']) {
    copyFile(join(ROOT, 'systemd', unit), join(root, 'lib/systemd/system', unit));
  }
  copyFile(join(ROOT, 'config', 'evio.yaml'), join(root, 'etc/evio/evio.yaml.example'));
  documentation(root, copyright(runtime, packages));
  interfaces(root);
  setTimes(root, epoch);
}

function documentation(root: string, copyrightText: string): void {
  for (const page of globSync('**/*', { cwd: join(ROOT, 'docs') })) {
    if (/\.(md|svg|png|json)$/.test(page))
      copyFile(join(ROOT, 'docs', page), join(root, DOC, page));
  }
  for (const path of globSync(['*.yaml', '*.json', 'cni/*', 'kubernetes/**', 'monitoring/*'], {
    cwd: join(ROOT, 'config'),
    withFileTypes: true,
  })) {
    if (!path.isFile()) continue;
    const from = join(path.parentPath, path.name);
    copyFile(from, join(root, DOC, 'examples', from.slice(join(ROOT, 'config').length)));
  }
  copyFile(
    join(ROOT, 'systemd', 'evio-cni.conf'),
    join(root, DOC, 'examples', 'systemd', 'evio-cni.conf'),
  );
  text(join(root, DOC, 'copyright'), copyrightText);
  compressed(
    join(ROOT, 'packages', 'release', 'debian', 'changelog'),
    join(root, DOC, 'changelog.gz'),
  );
}

/** Manual pages and completions, where `packages/cli/dist` has them. */
function interfaces(root: string): void {
  const dist = join(ROOT, 'packages', 'cli', 'dist');
  for (const page of globSync('man/*.[1-8]', { cwd: dist })) {
    const section = page.at(-1);
    compressed(join(dist, page), join(root, `usr/share/man/man${section}`, `${basename(page)}.gz`));
  }
  const completions = {
    'evio.bash': 'usr/share/bash-completion/completions/evio',
    _evio: 'usr/share/zsh/vendor-completions/_evio',
    'evio.zsh': 'usr/share/zsh/vendor-completions/_evio',
    'evio.fish': 'usr/share/fish/vendor_completions.d/evio.fish',
  };
  for (const [name, target] of Object.entries(completions)) {
    const from = join(dist, 'completions', name);
    if (existsSync(from)) copyFile(from, join(root, target));
  }
}

function program(from: string, to: string): void {
  copyFile(from, to);
  chmodSync(to, 0o755);
}

function text(to: string, content: string): void {
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, content, { mode: 0o644 });
}

/** gzip without the name and the time of the file, which node:zlib leaves out. */
function compressed(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, gzipSync(readFileSync(from), { level: 9 }), { mode: 0o644 });
}

/** Children first: each of them changes the time of the directory that it is made in. */
function setTimes(directory: string, epoch: number): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) setTimes(path, epoch);
    else lutimesSync(path, epoch, epoch);
  }
  chmodSync(directory, 0o755);
  lutimesSync(directory, epoch, epoch);
}
