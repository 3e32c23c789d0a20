import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, Lab, LabTimeout } from '../../lab/index.ts';
import type { Extra } from '../extra.ts';

const SESSIONS = 100;
const PER_SITE = 13;
/** So many start at the same time. */
const BATCH = 2;
/** Starting a hundred agents on few cores takes its time; so do their sessions. */
const PATIENCE_MS = 300_000;
/** Until what was needed for the handshakes only is given back. */
const REST_MS = 10_000;

/** What an agent needs when it has sessions with a hundred others, all of them real ones. */
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
    for (const name of names) agents.push(await lab.agent(name, undefined, { start: false }));
    const deadline = Date.now() + PATIENCE_MS;
    for (let i = 0; i < agents.length; i += BATCH) {
      if (Date.now() > deadline) throw new Error(`only ${i} agents started in ${PATIENCE_MS} ms`);
      await Promise.all(agents.slice(i, i + BATCH).map(start));
    }
    const [one, ...others] = agents;
    if (one === undefined) throw new RangeError('there is no agent');
    await one.online(PATIENCE_MS);
    const alone = await one.residentBytes();
    say(`${agents.length} agents run; waiting for ${SESSIONS} sessions of one of them`);
    // A session is made with whom one talks to.
    const pings = others.map(({ address }) => one.host.pings(address, { intervalMs: 2000 }));
    await one.until(
      `has ${SESSIONS} sessions`,
      async () => (await up(one)) >= SESSIONS,
      PATIENCE_MS,
    );
    await sleep(REST_MS);
    record('memory-100', [
      { metric: 'resident', unit: 'MB', value: (await one.residentBytes()) / 1e6 },
      { metric: 'resident at the start', unit: 'MB', value: alone / 1e6 },
      { metric: 'sessions', unit: '', value: await up(one) },
    ]);
    await Promise.all(pings.map(ping => ping[Symbol.asyncDispose]()));
  },
};

/** Starts an agent; one that takes longer to answer than the lab waits is still coming. */
async function start(agent: Agent): Promise<void> {
  try {
    await agent.start();
  } catch (error) {
    if (!(error instanceof LabTimeout) || !agent.running) throw error;
  }
}

async function up(agent: Agent): Promise<number> {
  const { peers } = await agent.overlay();
  return peers.filter(({ session }) => session.state === 'up').length;
}
