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

/**
 * The root of a small Debian 12, made once by debootstrap; tests lay their own files over it.
 *
 * @throws CommandError when debootstrap fails, in its own words.
 */
export async function debianRoot(): Promise<string> {
  const name = createHash('sha256').update(PACKAGES.join()).digest('hex').slice(0, 12);
  const root = join(CACHE, `debian-root-${name}`);
  if (existsSync(root)) return root;
  const part = `${root}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  const include = `--include=${PACKAGES.join(',')}`;
  await run(['debootstrap', '--variant=minbase', include, 'bookworm', part, mirror()], {
    timeoutMs: 900_000,
  });
  await rm(join(part, 'var/cache/apt'), { recursive: true });
  await rm(join(part, 'var/lib/apt/lists'), { recursive: true });
  // Nothing that would wait for a network or a terminal at boot.
  await writeFile(join(part, 'etc/hostname'), 'evio-test\n');
  await rename(part, root);
  return root;
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
