import { spawnSync } from 'node:child_process';
import { EvioError } from '@evio/types';

/** The unprivileged user that a server runs as when root starts it. */
export interface ServiceUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Looks up the user of a server; none when we aren't root, for then the server runs as ourselves.
 *
 * @param name as Debian's package makes it: `prosody`, `turnserver`.
 * @throws EvioError `HUB_USER_MISSING`.
 */
export function serviceUser(name: string): ServiceUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => spawnSync('id', [flag, name], { encoding: 'utf8' });
  const [uid, gid] = [id('-u'), id('-g')];
  if (uid.status !== 0 || gid.status !== 0) {
    const debian = name === 'turnserver' ? 'coturn' : name;
    throw new EvioError(
      'HUB_USER_MISSING',
      `there is no user ${name}; on Debian: apt install ${debian}`,
    );
  }
  return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/**
 * The words to put before a command so that it runs as `user`, without any way back to root, and
 * ends when we do. The user of a server with a port below 1024 keeps the right to bind it.
 */
export function privilegeDrop(user: ServiceUser | undefined, lowestPort = 1024): string[] {
  const words = ['setpriv', '--pdeathsig', 'TERM'];
  if (user === undefined) return [...words, '--'];
  words.push('--reuid', user.name, '--regid', user.name, '--init-groups', '--no-new-privs');
  if (lowestPort < 1024) {
    words.push('--inh-caps', '-all,+net_bind_service', '--ambient-caps', '+net_bind_service');
  } else {
    words.push('--inh-caps', '-all');
  }
  return [...words, '--'];
}

/**
 * Runs a short shell script as `user`, so that root never follows a link that a server's user put
 * into a folder of its own.
 *
 * @param args become `$1`, `$2` …
 * @throws EvioError `HUB_STORAGE`.
 */
export function runAs(
  user: ServiceUser | undefined,
  script: string,
  args: readonly string[],
  input = '',
): void {
  const [program = 'setpriv', ...rest] = [...privilegeDrop(user), 'sh', '-euc', script, 'sh'];
  const { status, stderr, error } = spawnSync(program, [...rest, ...args], {
    input,
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  if (status !== 0) {
    throw new EvioError(
      'HUB_STORAGE',
      `can't write ${args[0]}: ${error?.message ?? stderr.trim()}`,
    );
  }
}
