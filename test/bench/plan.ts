import { type Condition, LOSS, OFFLOADS_OFF, PLAIN } from './condition.ts';
import type { Extra } from './extra.ts';
import { memory } from './extras/memory.ts';
import { relay } from './extras/relay.ts';
import { turn } from './extras/turn.ts';
import type { Peer } from './peer.ts';
import { evio, evioSingle } from './peers/evio.ts';
import { n2n } from './peers/n2n.ts';
import { nebula } from './peers/nebula.ts';
import { openvpn } from './peers/openvpn.ts';
import { tinc } from './peers/tinc.ts';
import { underlay } from './peers/underlay.ts';
import { vxlan } from './peers/vxlan.ts';
import { wireguardGo } from './peers/wireguard-go.ts';
import type { Pace, Scenario } from './scenario.ts';
import { packets } from './scenarios/packets.ts';
import { idle, loaded } from './scenarios/round-trip.ts';
import { bidirectional, fourStreams, oneStream, reverse } from './scenarios/tcp.ts';

/** Scenarios that follow each other under one condition. */
export interface Block {
  readonly condition: Condition;
  readonly scenarios: readonly Scenario[];
  /** Of {@link VARIANTS}, those that are measured here beside all the {@link PEERS}. */
  readonly variants: readonly Peer[];
}

/** What is measured, how often and how long. */
export interface Plan {
  readonly blocks: readonly Block[];
  readonly rounds: number;
  readonly pace: Pace;
  /** How often each product is started to time it; 1 for none but the start that is needed. */
  readonly starts: number;
  /** Measurements that have a lab of their own. */
  readonly extras: readonly Extra[];
  /** No round begins that would end after so many seconds since the start. */
  readonly budgetSeconds: number;
}

export const PEERS: readonly Peer[] = [
  underlay,
  vxlan,
  evio,
  wireguardGo,
  nebula,
  tinc,
  n2n,
  openvpn,
];
/** Ways to run Evio that are compared to the usual one in some blocks only. */
export const VARIANTS: readonly Peer[] = [evioSingle];

export const SET_UP = 'set-up';
export const MEMORY = 'memory';

export const QUICK: Plan = {
  blocks: [
    { condition: PLAIN, scenarios: [oneStream, fourStreams, packets, idle, loaded], variants: [] },
  ],
  rounds: 3,
  pace: { tcpSeconds: 2, shortSeconds: 1, packetSeconds: 0.7, pings: 60 },
  starts: 1,
  extras: [],
  budgetSeconds: 165,
};

export const FULL: Plan = {
  blocks: [
    {
      condition: PLAIN,
      scenarios: [oneStream, fourStreams, reverse, bidirectional, packets, idle, loaded],
      variants: [],
    },
    { condition: OFFLOADS_OFF, scenarios: [oneStream, fourStreams], variants: [] },
    ...LOSS.map(condition => ({ condition, scenarios: [oneStream], variants: VARIANTS })),
  ],
  rounds: 5,
  pace: { tcpSeconds: 4, shortSeconds: 3, packetSeconds: 2, pings: 400 },
  starts: 5,
  extras: [relay, turn, memory],
  budgetSeconds: 1800,
};

/** Names by which a run can be limited to some scenarios. */
export function scenarioNames({ blocks, extras }: Plan): string[] {
  const named = blocks.flatMap(({ condition, scenarios }) =>
    scenarios.map(({ name }) => name + condition.suffix),
  );
  return [...named, SET_UP, ...extras.map(({ name }) => name)];
}

/** The plan with nothing but these scenarios. */
export function limited(plan: Plan, names: readonly string[]): Plan {
  const blocks = plan.blocks
    .map(block => ({
      ...block,
      scenarios: block.scenarios.filter(({ name }) =>
        names.includes(name + block.condition.suffix),
      ),
    }))
    .filter(({ scenarios }) => scenarios.length > 0);
  return {
    ...plan,
    blocks,
    starts: names.includes(SET_UP) ? plan.starts : 1,
    extras: plan.extras.filter(({ name }) => names.includes(name)),
  };
}
