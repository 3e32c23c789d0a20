import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../lab/command.ts';
import { CACHE } from '../lab/paths.ts';

/** A program of a Debian package, unpacked beside the machine's own. */
export interface UnpackedPackage {
  readonly version: string;
  /** The root into which it was unpacked. */
  readonly root: string;
}

const DIRECTORY = join(CACHE, 'debian');
/** The machine's own release, as the last resort, and where newer versions come from. */
const SUITES = ['bookworm', 'bookworm-backports', 'trixie', 'sid'];
const DAY_MS = 24 * 3600 * 1000;

/**
 * Fetches the newest version of a package that the machine's own mirror has in any suite and whose
 * program runs here, without touching the machine's sources or installing anything.
 *
 * @param probe arguments with which `program` says its version and exits.
 * @throws Error when no version can be fetched and run.
 */
export async function newestPackage(
  name: string,
  program: string,
  probe: readonly string[],
): Promise<UnpackedPackage> {
  const apt = await privateApt();
  const { stdout } = await run(['apt-cache', ...apt, 'madison', name]);
  const versions = stdout
    .split('\n')
    .map(line => line.split('|')[1]?.trim() ?? '')
    .filter(version => version !== '');
  const tried: string[] = [];
  for (const version of await newestFirst([...new Set(versions)])) {
    const root = join(DIRECTORY, `${name}_${version.replaceAll(/[^\w.+~-]/g, '_')}`);
    try {
      if (!existsSync(join(root, program))) await unpack(apt, name, version, root);
      await run([join(root, program), ...probe]);
      return { version, root };
    } catch (error) {
      // A suite too new for this machine's libraries: the one before may do.
      tried.push(`${version}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(`no version of ${name} from the mirror runs here: ${tried.join('; ') || 'none'}`);
}

async function unpack(
  apt: readonly string[],
  name: string,
  version: string,
  root: string,
): Promise<void> {
  const downloads = join(DIRECTORY, 'downloads');
  await mkdir(downloads, { recursive: true });
  const before = new Set(await readdir(downloads));
  await run(['apt-get', ...apt, '-qq', 'download', `${name}=${version}`], {
    cwd: downloads,
    timeoutMs: 120_000,
  });
  const fetched = (await readdir(downloads)).filter(file => file.startsWith(`${name}_`));
  const file = fetched.find(candidate => !before.has(candidate)) ?? fetched.at(-1);
  if (file === undefined) throw new Error(`apt-get downloaded no file for ${name} ${version}`);
  await run(['dpkg-deb', '-x', join(downloads, file), root]);
}

/** Options that make apt use lists, sources and a cache of our own; lists are a day old at most. */
async function privateApt(): Promise<string[]> {
  const lists = join(DIRECTORY, 'lists');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(DIRECTORY, 'archives', 'partial'), { recursive: true });
  const sources = join(DIRECTORY, 'sources.list');
  const { mirror, keyring } = await machineMirror();
  const signed = keyring === undefined ? '' : ` [signed-by=${keyring}]`;
  const wanted = SUITES.map(suite => `deb${signed} ${mirror} ${suite} main\n`).join('');
  await writeFile(sources, wanted);
  const apt = Object.entries({
    'Dir::State::lists': lists,
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::Cache': DIRECTORY,
    'Dir::Cache::archives': join(DIRECTORY, 'archives'),
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '-',
    'APT::Sandbox::User': 'root',
  }).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  // Its content says for which suites, its age for when.
  const stamp = join(DIRECTORY, 'updated');
  const known = existsSync(stamp) && (await readFile(stamp, 'utf8')) === wanted;
  if (!known || Date.now() - (await stat(stamp)).mtimeMs > DAY_MS) {
    await run(['apt-get', ...apt, '-qq', 'update'], { timeoutMs: 120_000 });
    await writeFile(stamp, wanted);
  }
  return apt;
}

/** The mirror that this machine's apt is set up with, whatever it is. */
async function machineMirror(): Promise<{ mirror: string; keyring: string | undefined }> {
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder) ? (await readdir(folder)).map(file => join(folder, file)) : [];
  for (const file of [...files.sort(), '/etc/apt/sources.list']) {
    if (!existsSync(file) || !/\.(sources|list)$/.test(file)) continue;
    const text = await readFile(file, 'utf8');
    for (const stanza of file.endsWith('.sources') ? text.split(/\n\s*\n/) : text.split('\n')) {
      if (!/^(Types:.*\bdeb\b|deb\s)/m.test(stanza) || !stanza.includes('bookworm')) continue;
      const mirror = /^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(\S+)/m.exec(stanza)?.[1];
      const keyring = /signed-by[:=]\s*([^\s\]]+)/i.exec(stanza)?.[1];
      if (mirror !== undefined && !mirror.includes('security')) return { mirror, keyring };
    }
  }
  throw new Error('found no Debian mirror in /etc/apt: the newest packages cannot be fetched');
}

async function newestFirst(versions: string[]): Promise<string[]> {
  const sorted: string[] = [];
  for (const version of versions) {
    let place = 0;
    for (const other of sorted) {
      const { code } = await run(['dpkg', '--compare-versions', version, 'lt', other], {
        check: false,
      });
      if (code !== 0) break;
      place += 1;
    }
    sorted.splice(place, 0, version);
  }
  return sorted;
}
