import { reachability } from './crash.ts';
import { flood } from './flood.ts';
import { pick } from './measure.ts';
import type { Network } from './network.ts';
import { isHealed, isRingWhole } from './ring-check.ts';
import type { SimNode } from './sim-node.ts';

export interface PartitionResult {
  /** Members of the two halves, who may stand anywhere on the ring. */
  readonly halves: readonly [number, number];
  /** How long the halves were apart. */
  readonly seconds: number;
  /** Until each half was a whole ring of its own; null: it was not while they were apart. */
  readonly partSeconds: number | null;
  /** From the end of the partition until all were one ring; null: not within the limit. */
  readonly mergeSeconds: number | null;
  /** Ordered pairs that were tried after that, and how many could not reach each other. */
  readonly pairs: number;
  readonly unreachable: number;
  /** One broadcast after that. */
  readonly flood: { readonly reached: number; readonly duplicates: number };
}

const STEP_MS = 250;
const MERGE_LIMIT_MS = 600_000;

/** Cuts the network in two halves for a while, and waits until they are one ring again. */
export function partition(network: Network, seconds: number, pairs: number): PartitionResult {
  const side = (node: SimNode) => node.place.salt % 2;
  const halves = [0, 1].map(half => network.living.filter(node => side(node) === half));
  network.transport.split(side);
  const isApart = () => halves.every(half => isRingWhole(network, half));
  const partSeconds = until(network, seconds * 1000, isApart);
  network.queue.runUntil(network.now + (seconds - (partSeconds ?? seconds)) * 1000);
  network.transport.split(undefined);
  const mergeSeconds = until(network, MERGE_LIMIT_MS, () => isHealed(network));
  const { reached, duplicates } = flood(network, pick(network));
  return {
    halves: [halves[0]?.length ?? 0, halves[1]?.length ?? 0],
    seconds,
    partSeconds,
    mergeSeconds,
    ...reachability(network, pairs),
    flood: { reached, duplicates },
  };
}

/** How many seconds it took until `done`; null when it was not within `limitMs`. */
function until(network: Network, limitMs: number, done: () => boolean): number | null {
  const start = network.now;
  while (network.now - start < limitMs) {
    network.queue.runUntil(network.now + STEP_MS);
    if (done()) return (network.now - start) / 1000;
  }
  return null;
}
