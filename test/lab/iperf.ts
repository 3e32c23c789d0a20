import { firstLine } from './lines.ts';
import type { Namespace } from './namespace.ts';

/** One run of iperf3. */
export interface IperfResult {
  /** What arrived, in Mb/s of TCP payload. */
  readonly mbps: number;
  readonly bytes: number;
  readonly retransmits: number;
  /** For how long at most nothing could be sent, in milliseconds, to a tenth of a second. */
  readonly longestPauseMs: number;
}

interface Report {
  readonly error?: string;
  readonly intervals: readonly { readonly sum: { readonly bytes: number } }[];
  readonly end: {
    readonly sum_received: { readonly bits_per_second: number; readonly bytes: number };
    readonly sum_sent: { readonly retransmits: number };
  };
}

/**
 * Sends TCP from one namespace to an address of another for some seconds.
 *
 * @throws Error with iperf3's own words when it could not.
 */
export async function iperf(
  from: Namespace,
  to: Namespace,
  address: string,
  { seconds = 2, omitSeconds = 0, streams = 1 } = {},
): Promise<IperfResult> {
  const server = to.spawn(['iperf3', '-s', '-1', '-B', address, '--forceflush'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await firstLine(server, 'iperf3');
    // It prints its first line before it listens.
    await to.exec(['sh', '-c', 'until ss -Hltn sport = :5201 | grep -q .; do sleep 0.01; done']);
    const { stdout } = await from.exec(
      [
        ...['iperf3', '-c', address, '-J', '-i', '0.1', '-t', String(seconds)],
        ...['-O', String(omitSeconds), '-P', String(streams)],
      ],
      { check: false, timeoutMs: (seconds + omitSeconds) * 1000 + 20_000 },
    );
    const report = JSON.parse(stdout) as Report;
    if (report.error !== undefined) throw new Error(`iperf3 to ${address}: ${report.error}`);
    const { sum_received: received, sum_sent: sent } = report.end;
    return {
      mbps: received.bits_per_second / 1e6,
      bytes: received.bytes,
      retransmits: sent.retransmits,
      longestPauseMs: longestPause(report.intervals.map(({ sum }) => sum.bytes)) * 100,
    };
  } finally {
    server.kill('SIGKILL');
  }
}

/** How many zeros follow each other at most. */
function longestPause(bytes: readonly number[]): number {
  let longest = 0;
  let now = 0;
  for (const each of bytes) {
    now = each === 0 ? now + 1 : 0;
    longest = Math.max(longest, now);
  }
  return longest;
}
