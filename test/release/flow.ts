import { firstLine } from '../lab/lines.ts';
import type { Namespace } from '../lab/namespace.ts';

interface Report {
  readonly error?: string;
  readonly intervals: readonly { readonly sum: { readonly bytes: number } }[];
}

/** Of one look at the counters, in ms. */
const INTERVAL_MS = 100;

/**
 * Receives TCP from an address for some seconds.
 *
 * @param to where the receiver runs.
 * @param from where the sender runs, which has the address.
 * @returns the longest time in which nothing arrived, in ms; Infinity when the connection was lost.
 */
export async function longestPause(
  to: Namespace,
  from: Namespace,
  address: string,
  seconds: number,
): Promise<number> {
  const server = from.spawn(['iperf3', '-s', '-1', '-B', address, '--forceflush'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await firstLine(server, 'iperf3');
    await from.exec(['sh', '-c', 'until ss -Hltn sport = :5201 | grep -q .; do sleep 0.01; done']);
    const interval = String(INTERVAL_MS / 1000);
    // A tenth of what the path can carry: what is measured is the pause, and the machine is shared.
    const { stdout } = await to.exec(
      ['iperf3', '-c', address, '-R', '-J', '-t', String(seconds), '-i', interval, '-b', '200M'],
      { check: false, timeoutMs: seconds * 1000 + 20_000 },
    );
    const report = JSON.parse(stdout) as Report;
    if (report.error !== undefined) return Number.POSITIVE_INFINITY;
    let longest = 0;
    let current = 0;
    for (const { sum } of report.intervals) {
      current = sum.bytes === 0 ? current + INTERVAL_MS : 0;
      longest = Math.max(longest, current);
    }
    return longest;
  } finally {
    server.kill('SIGKILL');
  }
}
