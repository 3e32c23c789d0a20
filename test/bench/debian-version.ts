import { run } from '../lab/index.ts';

/**
 * Version of an installed Debian package.
 *
 * @throws Error when it is not installed (test/setup.sh installs what the benchmark needs).
 */
export async function debianVersion(name: string): Promise<string> {
  const { stdout } = await run(['dpkg-query', '-s', name]);
  const version = /^Version: (\S+)$/m.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`the Debian package ${name} is not installed`);
  return version;
}
