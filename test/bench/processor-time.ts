import { readFileSync } from 'node:fs';
import type { Daemon } from './peer.ts';

/** Clock ticks per second in /proc; the same on every Linux that runs Node. */
const TICKS = 100;

/**
 * User and system time of a process so far, in seconds, ended threads included.
 *
 * The kernel's work on a packet counts to whoever it happens to interrupt: what a daemon's own system
 * calls set off (mostly all of it between namespaces) counts to the daemon, what ran in a kernel
 * thread does not.
 *
 * @param stat the text of /proc/PID/stat.
 */
export function processSeconds(stat: string): number {
  // The second field is the program's name in parentheses, with spaces if it likes.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/**
 * Time that all processors of the machine were busy so far, in seconds.
 *
 * @param stat the text of /proc/stat.
 */
export function machineSeconds(stat: string): number {
  const [line = ''] = stat.split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / TICKS;
}

/** What was spent so far: by the daemons, and by the whole machine. */
export interface Spent {
  readonly daemons: number;
  readonly machine: number;
}

export function spentBy(daemons: readonly Daemon[]): Spent {
  return {
    daemons: daemons
      .map(({ pid }) => processSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8')))
      .reduce((sum, seconds) => sum + seconds, 0),
    machine: machineSeconds(readFileSync('/proc/stat', 'utf8')),
  };
}

/** Resident memory of a process, in bytes. */
export function residentBytes({ pid }: Daemon): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
