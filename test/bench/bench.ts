import { setTimeout as sleep } from 'node:timers/promises';
import { type Host, Lab } from '../lab/index.ts';
import { askAgainSoon } from './ask-again-soon.ts';
import { impose, PLAIN } from './condition.ts';
import type { Peer, Tunnel } from './peer.ts';
import { MEMORY, type Plan, SET_UP, VARIANTS } from './plan.ts';
import { residentBytes } from './processor-time.ts';
import type { Recorder } from './recorder.ts';

/** From the start of the daemons to the first ping that is answered. */
const PATIENCE_MS = 20_000;
/** Until what happens only after a start is over, such as path MTU discovery. */
const SETTLE_MS = 1500;

/** What a run needs from the program around it. */
export interface Surroundings {
  readonly recorder: Recorder;
  /** Sees to it that this is disposed of, however the run ends. */
  own<T extends AsyncDisposable>(lab: T): T;
  say(line: string): void;
  /** Seconds since the program began. */
  elapsed(): number;
}

/** A product that is up, and the scenarios in which it failed: they are not tried again. */
interface Entrant {
  readonly peer: Peer;
  readonly tunnel: Tunnel;
  readonly failed: Set<string>;
}

/**
 * Measures products side by side on two hosts in one LAN of the lab.
 *
 * 1. Each product is started, timed until its first ping comes back, and stopped, as often as the plan
 *    says; the last start stays. From then on all are up at once, and idle but the one that is
 *    measured.
 * 2. Each round goes through all conditions of the network, under each through all products, and with
 *    each through all scenarios, so that a busy moment of the machine strikes all of them. Every round
 *    begins with another product.
 *
 * What fails is recorded, and the rest goes on.
 *
 * @returns how many rounds there were.
 */
export async function sideBySide(
  plan: Plan,
  peers: readonly Peer[],
  surroundings: Surroundings,
): Promise<number> {
  const { recorder, own, say, elapsed } = surroundings;
  await using lab = own(
    await Lab.create({ hub: true, sites: { lan: { hosts: ['left', 'right'] } } }),
  );
  const [left, right] = [lab.host('left'), lab.host('right')];
  const entrants: Entrant[] = [];
  for (const peer of peers) {
    say(`starting ${peer.name}`);
    let tunnel: Tunnel | undefined;
    try {
      tunnel = await peer.install(lab, left, right);
      await started(peer, tunnel, left, right, plan, recorder);
      entrants.push({ peer, tunnel, failed: new Set() });
    } catch (error) {
      say(`${peer.name} cannot be measured: ${recorder.fail(peer.name, SET_UP, error).message}`);
      await tunnel?.stop();
    }
  }
  await sleep(SETTLE_MS);
  let round = 0;
  for (let longest = 0; round < plan.rounds && plan.blocks.length > 0; round += 1) {
    const begin = elapsed();
    if (round > 0 && begin + longest > plan.budgetSeconds) {
      say(`no time is left for round ${round + 1} of ${plan.rounds}`);
      break;
    }
    say(`round ${round + 1} of ${plan.rounds}`);
    const order = entrants.map((_, index) => entrants[(index + round) % entrants.length]);
    for (const { condition, scenarios, variants } of plan.blocks) {
      await impose(condition, left, right);
      for (const entrant of order) {
        if (entrant === undefined) continue;
        const { peer, tunnel, failed } = entrant;
        if (VARIANTS.includes(peer) && !variants.includes(peer)) continue;
        for (const scenario of scenarios) {
          const name = scenario.name + condition.suffix;
          if (failed.has(name) || failed.has(peer.name)) continue;
          try {
            const joined = { tunnel, left, right, pace: plan.pace };
            recorder.add(peer.name, name, await scenario.measure(joined));
          } catch (error) {
            failed.add(tunnel.daemons().every(({ alive }) => alive) ? name : peer.name);
            say(`${peer.name}, ${name}: ${recorder.fail(peer.name, name, error).message}`);
          }
        }
      }
    }
    longest = Math.max(longest, elapsed() - begin);
  }
  await impose(PLAIN, left, right);
  for (const { peer, tunnel } of entrants) {
    const sizes = tunnel
      .daemons()
      .filter(({ alive }) => alive)
      .map(residentBytes);
    if (sizes.length === 0) continue;
    const value = Math.max(...sizes) / 1e6;
    recorder.add(peer.name, MEMORY, [{ metric: 'resident', unit: 'MB', value }]);
  }
  return round;
}

/** Starts a product as often as the plan says, times it, and leaves it up. */
async function started(
  peer: Peer,
  tunnel: Tunnel,
  left: Host,
  right: Host,
  plan: Plan,
  recorder: Recorder,
): Promise<void> {
  for (let start = 1; start <= plan.starts; start += 1) {
    const begin = Date.now();
    await tunnel.start();
    await Promise.all([left, right].map(askAgainSoon));
    await using pings = left.pings(tunnel.rightAddress);
    await pings.count(1, PATIENCE_MS);
    const [first] = pings.replies;
    if (first === undefined) throw new Error(`no ping was answered within ${PATIENCE_MS} ms`);
    const times = [{ metric: 'start to first ping', unit: 'ms', value: first.at - begin }];
    const online = await tunnel.onlineAt?.();
    if (online !== undefined) {
      const value = Math.max(0, first.at - online);
      times.push({ metric: 'both online to first ping', unit: 'ms', value });
    }
    recorder.add(peer.name, SET_UP, times);
    if (start < plan.starts) await tunnel.stop();
  }
}
