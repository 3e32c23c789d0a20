import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, Lab, LabTimeout } from '../../lab/index.ts';
import type { Extra } from '../extra.ts';
import type { Scrape } from '../scrape.ts';
import { median } from '../statistics.ts';

const SESSIONS = 100;
const PER_SITE = 13;
/** So many start at the same time. */
const BATCH = 2;
/** Starting a hundred agents on few cores takes its time; so do their sessions. */
const START_PATIENCE_MS = 600_000;
const PATIENCE_MS = 300_000;
/** Links are made while agents come; they are made when all of them together need so little of a core. */
const SETTLED = 0.5;
const SETTLED_OVER_MS = 5_000;
/** Until what was needed for the handshakes only is given back. */
const REST_MS = 10_000;
/** Where the agent that is scraped tells its metrics, on its own host. */
const METRICS = '127.0.0.1:9655';
/** After one that is not counted: the first makes the text's strings. */
const SCRAPES = 5;

/**
 * What an agent needs when it has sessions with a hundred others, all of them real ones, and what a
 * scrape of such an agent costs: of another one, since metrics take memory too.
 */
export const memory: Extra = {
  name: 'memory-100',
  measure: async ({ own, record, say }) => {
    const names = Array.from({ length: SESSIONS + 1 }, (_, index) => `n${index}`);
    const sites: Record<string, { hosts: string[] }> = {};
    for (let i = 0; i < names.length; i += PER_SITE) {
      sites[`site${i / PER_SITE}`] = { hosts: names.slice(i, i + PER_SITE) };
    }
    await using lab = own(await Lab.create({ hub: true, sites }));
    const agents: Agent[] = [];
    for (const [index, name] of names.entries()) {
      const metrics = { enabled: index === 1, listen: METRICS };
      agents.push(await lab.agent(name, config => Object.assign(config, { metrics }), NOT_YET));
    }
    const deadline = Date.now() + START_PATIENCE_MS;
    for (let i = 0; i < agents.length; i += BATCH) {
      if (Date.now() > deadline) throw new Error(`only ${i} of ${agents.length} agents in time`);
      await Promise.all(agents.slice(i, i + BATCH).map(start));
    }
    const [one, scraped] = agents;
    if (one === undefined || scraped === undefined) throw new RangeError('there is no agent');
    await one.online(PATIENCE_MS);
    say(`${agents.length} agents run; waiting until they have made their links`);
    await settled(agents);
    const alone = await one.residentBytes();
    say(`waiting for ${SESSIONS} sessions of two of them`);
    await using stack = new AsyncDisposableStack();
    for (const busy of [one, scraped]) await sessions(busy, agents, stack);
    await sleep(REST_MS);
    const resident = await one.residentBytes();
    const all = await Promise.all(agents.map(agent => agent.residentBytes()));
    const scrapes = await scrape(scraped);
    record('memory-100', [
      { metric: 'resident', unit: 'MB', value: resident / 1e6 },
      { metric: 'resident at the start', unit: 'MB', value: alone / 1e6 },
      { metric: 'per session', unit: 'kB', value: (resident - alone) / SESSIONS / 1e3 },
      { metric: 'resident of all, median', unit: 'MB', value: median(all) / 1e6 },
      { metric: 'resident of all, most', unit: 'MB', value: Math.max(...all) / 1e6 },
      { metric: 'sessions', unit: '', value: await up(one) },
      { metric: 'scrape', unit: 'ms', value: median(scrapes.map(({ ms }) => ms)) },
      { metric: 'scrape size', unit: 'kB', value: median(scrapes.map(({ bytes }) => bytes)) / 1e3 },
    ]);
  },
};

const NOT_YET = { start: false } as const;

/** Starts an agent; one that takes longer to answer than the lab waits is still coming. */
async function start(agent: Agent): Promise<void> {
  try {
    await agent.start();
  } catch (error) {
    if (!(error instanceof LabTimeout) || !agent.running) throw error;
  }
}

/** Waits until the agents are at rest, or for as long as is bearable. */
async function settled(agents: readonly Agent[]): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  const used = async () => {
    const seconds = await Promise.all(agents.map(agent => agent.processorSeconds()));
    return seconds.reduce((sum, each) => sum + each, 0);
  };
  for (let before = await used(); Date.now() < deadline; ) {
    await sleep(SETTLED_OVER_MS);
    const now = await used();
    if (((now - before) * 1_000) / SETTLED_OVER_MS < SETTLED) return;
    before = now;
  }
}

/** A session is made with whom one talks to. The talk goes on until the stack is disposed of. */
async function sessions(
  of: Agent,
  agents: readonly Agent[],
  stack: AsyncDisposableStack,
): Promise<void> {
  for (const agent of agents) {
    if (agent !== of) stack.use(of.host.pings(agent.address, { intervalMs: 2000 }));
  }
  const deadline = Date.now() + PATIENCE_MS;
  // Not as often as a test would: the machine is busy with the handshakes.
  while ((await up(of)) < SESSIONS) {
    if (Date.now() > deadline) throw new Error(`${await up(of)} sessions in ${PATIENCE_MS} ms`);
    await sleep(1000);
  }
}

async function scrape(agent: Agent): Promise<Scrape[]> {
  const script = join(import.meta.dirname, '..', 'scrape.ts');
  const argv = [process.execPath, script, `http://${METRICS}/metrics`, String(SCRAPES + 1)];
  const { stdout } = await agent.host.exec(argv);
  const scrapes: Scrape[] = JSON.parse(stdout);
  return scrapes.slice(1);
}

async function up(agent: Agent): Promise<number> {
  const { peers } = await agent.overlay();
  return peers.filter(({ session }) => session.state === 'up').length;
}
