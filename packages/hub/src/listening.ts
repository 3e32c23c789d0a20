import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A port that a server must hold before it counts as started. */
export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** `st` of a listening TCP socket and of an unconnected UDP one in `/proc/net` (proc(5)). */
const STATES = { tcp: '0A', udp: '07' } as const;

/**
 * Which of the ports a process has open for clients, read from `/proc`: in whichever network
 * namespace it runs, and without mistaking another server on the port for it.
 *
 * @returns the ports that are still missing.
 */
export function missingListeners(pid: number, wanted: readonly Listener[]): Listener[] {
  const own = socketInodes(pid);
  return wanted.filter(
    ({ protocol, port }) =>
      ![protocol, `${protocol}6`].some(table =>
        entries(pid, table).some(
          entry => entry.port === port && entry.state === STATES[protocol] && own.has(entry.inode),
        ),
      ),
  );
}

function socketInodes(pid: number): Set<string> {
  const inodes = new Set<string>();
  for (const name of attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
    const target = attempt(() => readlinkSync(`/proc/${pid}/fd/${name}`));
    const inode = target?.match(/^socket:\[(\d+)\]$/)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

function entries(pid: number, table: string): { port: number; state: string; inode: string }[] {
  const text = attempt(() => readFileSync(`/proc/${pid}/net/${table}`, 'utf8')) ?? '';
  return text
    .split('\n')
    .slice(1)
    .flatMap(line => {
      const fields = line.trim().split(/\s+/);
      const port = fields[1]?.split(':')[1];
      const [state, inode] = [fields[3], fields[9]];
      if (port === undefined || state === undefined || inode === undefined) return [];
      return [{ port: Number.parseInt(port, 16), state, inode }];
    });
}

/** A process may end, and a descriptor close, while we look. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
