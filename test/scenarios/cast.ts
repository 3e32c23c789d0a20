import type { ConfigFileInput } from '@evio/agent/config';
import type { Agent, Lab } from '../lab/index.ts';

/** What a test changes in the configuration that the hub made. */
export type Change = (config: ConfigFileInput) => void;

/** For overlays of up to 33 nodes in which everybody is to have a link to everybody. */
export const everybody: Change = config => {
  for (const overlay of config.overlays) overlay.topology = { successors: 16 };
};

/** Starts the agents of these hosts (all, when none is named), and waits until they are online. */
export async function join(lab: Lab, names?: readonly string[], change?: Change): Promise<Agent[]> {
  const agents: Agent[] = [];
  for (const name of names ?? lab.hosts.map(host => host.name)) {
    agents.push(await lab.agent(name, change, { start: false }));
  }
  await Promise.all(agents.map(agent => agent.start()));
  await Promise.all(agents.map(agent => agent.online(20_000)));
  return agents;
}

/** Waits until each has a path with keys to each other. */
export async function allLinked(agents: readonly Agent[], timeoutMs = 20_000): Promise<void> {
  await Promise.all(
    pairs(agents).flatMap(([a, b]) => [a.linkedTo(b, timeoutMs), b.linkedTo(a, timeoutMs)]),
  );
}

/** Every pair once. */
export function pairs<T>(list: readonly T[]): [T, T][] {
  return list.flatMap((a, index) => list.slice(index + 1).map((b): [T, T] => [a, b]));
}

/** The middle value; of an even number, the upper of the two in the middle. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** A line for the reader of the test's output. */
export function tell(text: string): void {
  console.log(`  ${text}`);
}
