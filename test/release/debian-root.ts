import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../lab/command.ts';
import { CACHE } from '../lab/paths.ts';

/** What a host of the tests has besides the smallest Debian: an init, and what the package needs. */
const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'iproute2',
  'adduser',
  'libstdc++6',
  'iperf3',
  'iputils-ping',
];

/** What can be installed in it besides, without a network, by apt: what our pages and package name. */
const OFFERED = ['prosody', 'coturn', 'kmod', 'nftables'];

/** Where it has them: a flat archive (sources.list(5)). */
const ARCHIVE = '/srv/debian';

/**
 * The root of a small Debian 12, made once by debootstrap; tests lay their own files over it.
 *
 * @throws CommandError when debootstrap fails, in its own words.
 */
export async function debianRoot(): Promise<string> {
  const name = createHash('sha256')
    .update([...PACKAGES, ...OFFERED].join())
    .digest('hex')
    .slice(0, 12);
  const root = join(CACHE, `debian-root-${name}`);
  if (existsSync(root)) return root;
  const part = `${root}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  const include = `--include=${PACKAGES.join(',')}`;
  await run(['debootstrap', '--variant=minbase', include, 'bookworm', part, mirror()], {
    timeoutMs: 900_000,
  });
  await offer(part);
  // Nothing that would wait for a network or a terminal at boot.
  await writeFile(join(part, 'etc/hostname'), 'evio-test\n');
  await writeFile(join(part, 'etc/hosts'), '127.0.0.1 localhost\n');
  // What is installed there need not outlive a power cut.
  await writeFile(join(part, 'etc/dpkg/dpkg.cfg.d/unsafe-io'), 'force-unsafe-io\n');
  await rename(part, root);
  return root;
}

/** Makes the new root's only source of packages one within itself. */
async function offer(root: string): Promise<void> {
  const apt = (...args: string[]) =>
    run(['chroot', root, 'apt-get', '--quiet', ...args], { timeoutMs: 300_000 });
  await apt('clean'); // of what debootstrap fetched
  await apt('update');
  await apt('install', '--yes', '--download-only', ...OFFERED);
  await rename(join(root, 'var/cache/apt/archives'), join(root, ARCHIVE));
  const { stdout } = await run(['dpkg-scanpackages', '--multiversion', '.'], {
    cwd: join(root, ARCHIVE),
  });
  await writeFile(join(root, ARCHIVE, 'Packages'), stdout);
  await writeFile(join(root, 'etc/apt/sources.list'), `deb [trusted=yes] file:${ARCHIVE} ./\n`);
  await rm(join(root, 'var/lib/apt/lists'), { recursive: true });
  await apt('update');
  await apt('clean');
}

/** The mirror that this machine's apt uses for bookworm. */
function mirror(): string {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder) ? readdirSync(folder).map(file => join(folder, file)) : []),
  ];
  for (const file of files.filter(path => existsSync(path))) {
    const text = readFileSync(file, 'utf8');
    for (const entry of file.endsWith('.sources') ? text.split(/\n\s*\n/) : text.split('\n')) {
      if (!/\bbookworm\b/.test(entry) || entry.startsWith('#')) continue;
      const uri = /^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(\S+)/m.exec(entry)?.[1];
      if (uri !== undefined && !uri.includes('security')) return uri;
    }
  }
  throw new Error('expected a Debian mirror for bookworm in /etc/apt, found none');
}
