import { chmodSync, chownSync, readFileSync } from 'node:fs';

/** Who may ask the agent beside root; the group need not exist. */
export const CONTROL_GROUP = 'evio';

/**
 * The number of a local group (group(5): `name:password:gid:members`); undefined when there is none.
 *
 * @param groups the text of `/etc/group`.
 */
export function groupId(name: string, groups: string): number | undefined {
  for (const line of groups.split('\n')) {
    const [found, , gid = ''] = line.split(':');
    if (found === name && /^\d+$/.test(gid)) return Number(gid);
  }
  return undefined;
}

/** The number of {@link CONTROL_GROUP} on this host. */
export function controlGroupId(): number | undefined {
  try {
    return groupId(CONTROL_GROUP, readFileSync('/etc/group', 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Lets a socket be opened by its owner, and by a group if there is one. The group comes first: no
 * other one must get in between.
 *
 * @throws the system's error when this process may not do that.
 */
export function openTo(socket: string, group: number | undefined): void {
  if (group !== undefined) chownSync(socket, process.getuid?.() ?? 0, group);
  chmodSync(socket, group === undefined ? 0o600 : 0o660);
}
