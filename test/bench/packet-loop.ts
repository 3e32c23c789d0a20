import { join } from 'node:path';
import { compiled } from '../lab/compiled.ts';
import type { Namespace } from '../lab/index.ts';
import { firstLine } from '../lab/lines.ts';

const PORT = 4664;

/** What packet-loop.cpp counted. */
export interface PacketLoopResult {
  /** Datagrams that made the way there and back, per second. */
  readonly perSecond: number;
  readonly returned: number;
  readonly lost: number;
}

/**
 * Keeps small datagrams in flight between a namespace and an address of another for a while.
 *
 * @param bytes of UDP payload in each.
 */
export async function packetLoop(
  from: Namespace,
  to: Namespace,
  address: string,
  { bytes, inFlight, seconds }: { bytes: number; inFlight: number; seconds: number },
): Promise<PacketLoopResult> {
  const program = await compiled(join(import.meta.dirname, 'packet-loop.cpp'));
  const echo = to.spawn([program, 'echo', address, String(PORT)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await firstLine(echo, 'the echo');
    const numbers = [PORT, bytes, inFlight, Math.round(seconds * 1000)].map(String);
    const { stdout } = await from.exec([program, 'ask', address, ...numbers], {
      timeoutMs: seconds * 1000 + 10_000,
    });
    return parsePacketLoop(stdout);
  } finally {
    echo.kill('SIGKILL');
  }
}

/** @throws Error when the line is not what packet-loop.cpp prints. */
export function parsePacketLoop(line: string): PacketLoopResult {
  const match = /^(\d+) (\d+) (\d+)$/.exec(line.trim());
  const [returned = 0, lost = 0, nanoseconds = 0] = match?.slice(1).map(Number) ?? [];
  if (nanoseconds === 0) {
    throw new Error(`expected "RETURNED LOST NANOSECONDS" of packet-loop, got "${line.trim()}"`);
  }
  return { perSecond: returned / (nanoseconds / 1e9), returned, lost };
}
