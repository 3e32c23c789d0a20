import { pick } from './measure.ts';
import type { Network } from './network.ts';
import { isHealed } from './ring-check.ts';
import { walk } from './walk.ts';

export interface CrashResult {
  readonly crashed: number;
  /** Until every survivor is linked to its successor and none counts on a dead one; undefined: not within the limit. */
  readonly healSeconds: number | undefined;
  /** Ordered pairs of survivors that were tried after that, and how many could not reach each other. */
  readonly pairs: number;
  readonly unreachable: number;
}

const STEP_MS = 250;
const LIMIT_MS = 60_000;

/** Lets a part of all nodes crash in the same instant and waits until the ring is whole. */
export function crashMany(network: Network, part: number, pairs: number): CrashResult {
  const crashed = Math.round(network.living.length * part);
  for (let index = 0; index < crashed; index += 1) network.crash(pick(network));
  const start = network.now;
  let healed: number | undefined;
  while (healed === undefined && network.now - start < LIMIT_MS) {
    network.queue.runUntil(network.now + STEP_MS);
    if (isHealed(network)) healed = network.now - start;
  }
  const healSeconds = healed === undefined ? undefined : healed / 1000;
  return { crashed, healSeconds, ...reachability(network, pairs) };
}

/** Tries all ordered pairs when they are no more than `most`, else that many random ones. */
export function reachability(
  network: Network,
  most: number,
): { pairs: number; unreachable: number } {
  const { living } = network;
  let unreachable = 0;
  if (living.length * (living.length - 1) <= most) {
    for (const from of living) {
      for (const to of living)
        if (from !== to && !walk(network, from, to).arrived) unreachable += 1;
    }
    return { pairs: living.length * (living.length - 1), unreachable };
  }
  for (let tried = 0; tried < most; ) {
    const [from, to] = [pick(network), pick(network)];
    if (from === to) continue;
    tried += 1;
    if (!walk(network, from, to).arrived) unreachable += 1;
  }
  return { pairs: most, unreachable };
}
