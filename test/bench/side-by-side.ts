import { setTimeout as sleep } from 'node:timers/promises';
import { type Host, Lab } from '../lab/index.ts';
import { impose, PLAIN } from './condition.ts';
import type { Peer, Tunnel } from './peer.ts';
import { type Block, MEMORY, type Plan, SET_UP, VARIANTS } from './plan.ts';
import { residentBytes } from './processor-time.ts';
import type { Recorder } from './recorder.ts';
import type { Scenario } from './scenario.ts';
import { setUp } from './set-up.ts';

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

/**
 * Measures products side by side on two hosts in one LAN of the lab.
 *
 * 1. Each product is started, timed until its first ping comes back, and stopped, as often as the plan
 *    says; the last start stays. From then on all are up at once, and idle but the one that is
 *    measured.
 * 2. Each round goes through all conditions of the network, under each through all scenarios, and in
 *    each through all products, so that what is compared was measured within seconds, and a busy
 *    minute of the machine strikes all of them. Every round begins with another product.
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
  const { own, say, elapsed } = surroundings;
  const sites = { lan: { hosts: ['left', 'right'] } };
  await using lab = own(await Lab.create({ hub: true, sites }));
  const course = new Course(lab, plan, surroundings);
  for (const peer of peers) await course.enter(peer);
  await sleep(SETTLE_MS);
  const rounds = plan.blocks.length === 0 ? 0 : plan.rounds;
  let longest = 0;
  let round = 0;
  for (; round < rounds; round += 1) {
    const begin = elapsed();
    if (round > 0 && begin + longest > plan.budgetSeconds) {
      say(`no time is left for round ${round + 1} of ${rounds}`);
      break;
    }
    say(`round ${round + 1} of ${rounds}`);
    for (const block of plan.blocks) await course.run(block, round);
    longest = Math.max(longest, elapsed() - begin);
  }
  course.weigh();
  return round;
}

/** A product that is up. */
interface Entrant {
  readonly peer: Peer;
  readonly tunnel: Tunnel;
  /** Scenarios in which it failed, by their full names: they are not tried again. */
  readonly failed: Set<string>;
  /** One of its daemons ended: nothing more is tried. */
  dead: boolean;
}

/** The two hosts, and all products that run on them. */
class Course {
  readonly #lab: Lab;
  readonly #left: Host;
  readonly #right: Host;
  readonly #plan: Plan;
  readonly #recorder: Recorder;
  readonly #say: (line: string) => void;
  readonly #entrants: Entrant[] = [];

  constructor(lab: Lab, plan: Plan, { recorder, say }: Surroundings) {
    this.#lab = lab;
    this.#left = lab.host('left');
    this.#right = lab.host('right');
    this.#plan = plan;
    this.#recorder = recorder;
    this.#say = say;
  }

  /** Starts a product as often as the plan says, and leaves it up. */
  async enter(peer: Peer): Promise<void> {
    this.#say(`starting ${peer.name}`);
    const [left, right] = [this.#left, this.#right];
    let tunnel: Tunnel | undefined;
    try {
      tunnel = await peer.install(this.#lab, left, right);
      for (let start = 1; start <= this.#plan.starts; start += 1) {
        if (start > 1) await tunnel.stop();
        this.#recorder.add(peer.name, SET_UP, await setUp(tunnel, left, right));
      }
      this.#entrants.push({ peer, tunnel, failed: new Set(), dead: false });
    } catch (error) {
      this.#fail(peer, SET_UP, error);
      // What is half up is in nobody's way, if it cannot be stopped either.
      await tunnel?.stop().catch(late => this.#fail(peer, SET_UP, late));
    }
  }

  /** One round of a block: all products, beginning with another one in each round. */
  async run({ condition, scenarios, variants }: Block, round: number): Promise<void> {
    await impose(condition, this.#left, this.#right);
    const first = round % Math.max(1, this.#entrants.length);
    const order = [...this.#entrants.slice(first), ...this.#entrants.slice(0, first)];
    for (const scenario of scenarios) {
      for (const entrant of order) {
        if (VARIANTS.includes(entrant.peer) && !variants.includes(entrant.peer)) continue;
        await this.#measure(entrant, scenario, scenario.name + condition.suffix);
      }
    }
    await impose(PLAIN, this.#left, this.#right);
  }

  /** Records the memory of each product's larger daemon. */
  weigh(): void {
    for (const { peer, tunnel } of this.#entrants) {
      const running = tunnel.daemons().filter(({ alive }) => alive);
      if (running.length === 0) continue;
      const value = Math.max(...running.map(residentBytes)) / 1e6;
      this.#recorder.add(peer.name, MEMORY, [{ metric: 'resident', unit: 'MB', value }]);
    }
  }

  async #measure(entrant: Entrant, scenario: Scenario, name: string): Promise<void> {
    const { peer, tunnel, failed } = entrant;
    if (entrant.dead || failed.has(name)) return;
    try {
      const joined = { tunnel, left: this.#left, right: this.#right, pace: this.#plan.pace };
      this.#recorder.add(peer.name, name, await scenario.measure(joined));
    } catch (error) {
      failed.add(name);
      entrant.dead = tunnel.daemons().some(({ alive }) => !alive);
      this.#fail(peer, name, error);
    }
  }

  #fail({ name }: Peer, scenario: string, error: unknown): void {
    const { message } = this.#recorder.fail(name, scenario, error);
    this.#say(`${name}, ${scenario}: ${message}`);
  }
}
