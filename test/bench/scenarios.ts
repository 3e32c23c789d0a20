import { readFileSync } from 'node:fs';
import { type Host, iperf } from '../lab/index.ts';
import type { Tunnel } from './peer.ts';

/** One number of one run. */
export interface Measurement {
  readonly scenario: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}

/** How long a run takes. */
export interface Pace {
  readonly tcpSeconds: number;
  readonly pings: number;
}

/** What is measured on a tunnel from left to right. */
export type Scenario = (
  tunnel: Tunnel,
  left: Host,
  right: Host,
  pace: Pace,
) => Promise<Measurement[]>;

/** One TCP stream, and what both daemons spend on it. */
const tcp: Scenario = async ({ rightAddress, pids }, left, right, { tcpSeconds }) => {
  const before = processorSeconds(pids);
  const { mbps, bytes } = await iperf(left.namespace, right.namespace, rightAddress, {
    seconds: tcpSeconds,
  });
  const spent = processorSeconds(pids) - before;
  const throughput = { scenario: 'tcp-1', metric: 'throughput', unit: 'Mb/s', value: mbps };
  if (pids.length === 0) return [throughput];
  const perGigabyte = spent / (bytes / 1e9);
  return [throughput, { scenario: 'tcp-1', metric: 'cpu', unit: 's/GB', value: perGigabyte }];
};

/** Pings on an idle link, 5 ms apart. */
const roundTrip: Scenario = async ({ rightAddress }, left, _right, { pings }) => {
  const timeoutMs = 5000 + pings * 10;
  const { ok, rttMs } = await left.ping(rightAddress, { count: pings, intervalMs: 5, timeoutMs });
  if (!ok) throw new Error(`lost pings to ${rightAddress}`);
  const value = rttMs * 1000;
  return [{ scenario: 'idle', metric: 'round trip', unit: 'µs', value }];
};

export const scenarios: readonly Scenario[] = [tcp, roundTrip];

/** User and system time of processes, all threads. */
function processorSeconds(pids: readonly number[]): number {
  return pids
    .map(pid => readFileSync(`/proc/${pid}/stat`, 'utf8'))
    .map(stat => stat.slice(stat.lastIndexOf(')') + 2).split(' '))
    .reduce((sum, fields) => sum + (Number(fields[11]) + Number(fields[12])) / 100, 0);
}
