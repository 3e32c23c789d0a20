import { type ChurnResult, churn } from './churn.ts';
import { type CrashResult, crashMany } from './crash.ts';
import { degree, type Floods, floods, type Lookups, lookups } from './measure.ts';
import { Network } from './network.ts';
import { type PartitionResult, partition } from './partition.ts';
import { isRingWhole } from './ring-check.ts';
import type { Spread } from './statistics.ts';

export interface SimulateOptions {
  readonly nodes: number;
  readonly seed: number;
  /** Percent of nodes that crash, and that join, each minute; 0: no churn phase. */
  readonly churn: number;
  /** Probability that a control message is lost. */
  readonly loss: number;
  /** Seconds for which the network is cut in two halves; 0: it is not. */
  readonly partition: number;
  readonly successors: number;
  readonly shortcuts: number | 'auto';
  readonly proximity: boolean;
  readonly server: 'present' | 'away';
  /** Virtual seconds before anything is measured; proximity choice goes on for minutes. */
  readonly settle: number;
  /** Most pairs to try after a crash: all ordered pairs when they are no more, else random ones. */
  readonly pairs: number;
}

/** What `--json` writes. Others read the first seven fields: they stay as they are. */
export interface SimulateReport {
  readonly nodes: number;
  readonly seed: number;
  readonly hops: Spread;
  readonly flood: { reached: number; duplicates: number; maxDepth: number };
  readonly degree: Spread;
  readonly messagesPerNodeMinute: number;
  readonly bytesPerNodeMinute: number;
  readonly healSeconds: number | null;
  readonly startSeconds: number;
  /** What is asked for at this size. */
  readonly targets: { hopsMean: number; hopsP99: number; floodDepth: number; degreeMean: number };
  readonly latency: { overlayMs: number; directMs: number; stretch: number };
  readonly lookups: Lookups;
  readonly floods: Floods;
  readonly crash: CrashResult;
  readonly churn: ChurnResult | null;
  readonly partition: PartitionResult | null;
  readonly wallSeconds: number;
  readonly residentMegabytes: number;
}

const LOOKUPS = 5_000;
const QUIET_SECONDS = 10;
const CRASHED_PART = 0.2;
const START_LIMIT_MS = 300_000;

/** What the issue asks for an overlay of this size. */
export function targetsFor(nodes: number): SimulateReport['targets'] {
  const log = Math.log2(nodes);
  return {
    hopsMean: 0.3 * log,
    hopsP99: 0.5 * log,
    floodDepth: 1.2 * log,
    degreeMean: 2 * Math.ceil(log) + 4,
  };
}

function isComplete(network: Network, nodes: number): boolean {
  return network.living.length === nodes && isRingWhole(network);
}

/** A network of its own that has settled. */
export function settled(options: SimulateOptions): { network: Network; startSeconds: number } {
  const { nodes, seed, loss, successors, shortcuts, proximity, server } = options;
  const network = new Network({ seed, loss, successors, shortcuts, proximity, server });
  network.populate(nodes);
  do network.queue.runUntil(network.now + 250);
  while (!isComplete(network, nodes) && network.now < START_LIMIT_MS);
  const startSeconds = network.now / 1000;
  network.queue.runUntil(network.now + options.settle * 1000);
  return { network, startSeconds };
}

/** Start, quiet, lookups, broadcasts, a partition and churn if asked for, and a crash of 20 % at once. */
export function simulate(options: SimulateOptions): SimulateReport {
  const began = performance.now();
  const { nodes, seed } = options;
  const { network, startSeconds } = settled(options);
  const [messages, bytes] = [network.transport.messages, network.transport.messageBytes];
  network.queue.runUntil(network.now + QUIET_SECONDS * 1000);
  const perMinute = 60 / QUIET_SECONDS / nodes;
  const messagesPerNodeMinute = (network.transport.messages - messages) * perMinute;
  const bytesPerNodeMinute = (network.transport.messageBytes - bytes) * perMinute;
  const links = degree(network);
  const routed = lookups(network, LOOKUPS);
  const spreadOut = floods(network, 5);
  const { pairs } = options;
  const parted = options.partition > 0 ? partition(network, options.partition, pairs) : null;
  const churned = options.churn > 0 ? churnPhase(network, options.churn) : null;
  const crash = crashMany(network, CRASHED_PART, pairs);
  return {
    nodes,
    seed,
    hops: routed.hops,
    flood: {
      reached: spreadOut.reached,
      duplicates: spreadOut.duplicates,
      maxDepth: spreadOut.maxDepth,
    },
    degree: links,
    messagesPerNodeMinute,
    bytesPerNodeMinute,
    healSeconds: crash.healSeconds ?? null,
    startSeconds,
    targets: targetsFor(nodes),
    latency: {
      overlayMs: routed.latencyMs,
      directMs: routed.directMs,
      stretch: routed.latencyMs / routed.directMs,
    },
    lookups: routed,
    floods: spreadOut,
    crash,
    churn: churned,
    partition: parted,
    wallSeconds: (performance.now() - began) / 1000,
    residentMegabytes: process.memoryUsage().rss / 2 ** 20,
  };
}

function churnPhase(network: Network, percent: number): ChurnResult {
  return churn(network, percent, 60, 10_000);
}
