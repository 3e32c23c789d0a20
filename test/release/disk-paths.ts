import type { Machine } from './machine.ts';

/** What is not anybody's: logs, what dpkg and systemd remember, groups once made, and the person's own. */
const OTHERS =
  /^\/(root|srv)\/|^\/var\/(log|cache|lib\/dpkg|lib\/apt|lib\/systemd|tmp)|^\/etc\/(group|gshadow)/;

/** Every other path on a machine's disk, sorted. */
export async function diskPaths(machine: Machine): Promise<string[]> {
  const { stdout } = await machine.exec(['find', '/', '-xdev']);
  return stdout
    .split('\n')
    .filter(path => !OTHERS.test(path))
    .sort();
}
