import { FIRST_BOUND, HOP_LIMIT, type RouteState } from '@evio/topology';
import type { Network } from './network.ts';
import type { SimNode } from './sim-node.ts';

export interface Walk {
  readonly arrived: boolean;
  readonly hops: number;
  /** One way, in ms. */
  readonly latencyMs: number;
  /** Whether the plain rule had to help. */
  readonly plain: boolean;
}

/** Follows a datagram by the nodes' own tables. */
export function walk(
  network: Network,
  source: SimNode,
  destination: SimNode,
  first: RouteState = { bound: FIRST_BOUND, plain: false },
): Walk {
  let at = source;
  let state = first;
  let latencyMs = 0;
  for (let hops = 0; hops <= HOP_LIMIT; hops += 1) {
    if (at === destination) return { arrived: true, hops, latencyMs, plain: state.plain };
    const target = network.pointFor(at, destination.id);
    const step = at.topology.routes.next(target, state);
    const next = step && network.nodes.get(step.nextHop.id);
    if (!step || !next) return { arrived: false, hops, latencyMs, plain: state.plain };
    if (!network.transport.connected(at, next)) {
      network.transport.unanswered(at, next);
      return { arrived: false, hops, latencyMs, plain: state.plain };
    }
    latencyMs += network.rttMs(at, next) / 2;
    state = { bound: step.bound, plain: step.plain };
    at = next;
  }
  return { arrived: false, hops: HOP_LIMIT, latencyMs, plain: state.plain };
}

/** Hops between two random members by the plain rule alone: greedy, as Symphony has it. */
export function walkPlainly(network: Network): number {
  const { living, random } = network;
  for (;;) {
    const [from, to] = [living[random.below(living.length)], living[random.below(living.length)]];
    if (!from || !to || from === to) continue;
    return walk(network, from, to, { bound: FIRST_BOUND, plain: true }).hops;
  }
}
