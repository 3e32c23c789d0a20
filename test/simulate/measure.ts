import { flood } from './flood.ts';
import type { Network } from './network.ts';
import type { SimNode } from './sim-node.ts';
import { mean, type Spread, spread } from './statistics.ts';
import { walk } from './walk.ts';

export interface Lookups {
  readonly count: number;
  readonly failed: number;
  readonly hops: Spread;
  /** One way over the overlay, and by a direct path, in ms. */
  readonly latencyMs: number;
  readonly directMs: number;
  /** Part of the lookups in which the plain rule had to help. */
  readonly plain: number;
}

/** A random member. */
export function pick(network: Network): SimNode {
  const node = network.living[network.random.below(network.living.length)];
  if (!node) throw new Error('no node lives');
  return node;
}

/** Routes between random pairs. */
export function lookups(network: Network, count: number): Lookups {
  const hops: number[] = [];
  const latency: number[] = [];
  const direct: number[] = [];
  let failed = 0;
  let plain = 0;
  while (hops.length + failed < count) {
    const [from, to] = [pick(network), pick(network)];
    if (from === to) continue;
    const result = walk(network, from, to);
    if (result.plain) plain += 1;
    if (!result.arrived) {
      failed += 1;
      continue;
    }
    hops.push(result.hops);
    latency.push(result.latencyMs);
    direct.push(network.rttMs(from, to) / 2);
  }
  return {
    count,
    failed,
    hops: spread(hops),
    latencyMs: mean(latency),
    directMs: mean(direct),
    plain: plain / count,
  };
}

export interface Floods {
  readonly count: number;
  /** Least number of members (without the origin) that one broadcast reached. */
  readonly reached: number;
  readonly duplicates: number;
  readonly maxDepth: number;
}

export function floods(network: Network, count: number): Floods {
  let reached = Number.POSITIVE_INFINITY;
  let duplicates = 0;
  let maxDepth = 0;
  for (let index = 0; index < count; index += 1) {
    const result = flood(network, pick(network));
    reached = Math.min(reached, result.reached);
    duplicates += result.duplicates;
    maxDepth = Math.max(maxDepth, result.maxDepth);
  }
  return { count, reached, duplicates, maxDepth };
}

/** Links per node. */
export function degree(network: Network): Spread {
  return spread(network.living.map(({ links }) => links.size));
}
