import type { Host } from '../lab/index.ts';
import { askAgainSoon } from './ask-again-soon.ts';
import type { Tunnel } from './peer.ts';
import type { Measurement } from './scenario.ts';

const PATIENCE_MS = 20_000;

/**
 * Starts both ends of a product, and times the first ping that is answered.
 *
 * @throws Error when none is within 20 s.
 */
export async function setUp(tunnel: Tunnel, left: Host, right: Host): Promise<Measurement[]> {
  const begin = Date.now();
  await tunnel.start();
  await Promise.all([left, right].map(askAgainSoon));
  await using pings = left.pings(tunnel.rightAddress);
  await pings.count(1, PATIENCE_MS);
  const [first] = pings.replies;
  if (first === undefined) throw new Error(`no ping was answered within ${PATIENCE_MS} ms`);
  const times = [{ metric: 'start to first ping', unit: 'ms', value: first.at - begin }];
  const online = await tunnel.onlineAt?.();
  if (online !== undefined) times.push(sinceOnline(first.at, online));
  return times;
}

/** From the moment when both ends were signed in to the first answer; both by Date.now(). */
export function sinceOnline(answeredAt: number, onlineAt: number): Measurement {
  const value = Math.max(0, answeredAt - onlineAt);
  return { metric: 'both online to first ping', unit: 'ms', value };
}
