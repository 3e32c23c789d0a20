/**
 * `npm run demo`: a hub and three sites behind three kinds of NAT on this machine become one LAN.
 *
 *   npm run demo                            shows the paths, stays until Ctrl-C
 *   npm run demo -- --once                  … and ends
 *   npm run --silent demo -- --once --json  prints one JSON report (report.ts) and nothing else
 *
 * Exits 0 only if every node reached every other. Progress goes to standard error.
 */
import { parseArgs } from 'node:util';
import { type Agent, Lab } from '../lab/index.ts';
import { type DemoReport, report } from './report.ts';
import { table } from './table.ts';

/** How long links may take before the demo calls them failed. */
const PATIENCE_MS = 30_000;

const { values: options } = parseArgs({
  options: { once: { type: 'boolean' }, json: { type: 'boolean' } },
});

// Registered before anything is made, so that Ctrl-C always leaves by the lab's own door.
const interrupted = new Promise<'interrupted'>(resolve => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => resolve('interrupted'));
  }
});

try {
  process.exitCode = await demo();
} catch (error) {
  say(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
// Whatever a signal left unfinished; the lab's janitor cleans up behind us.
process.exit();

async function demo(): Promise<number> {
  say('Starting a hub and three sites behind three kinds of NAT …');
  const building = start();
  const built = await Promise.race([building, interrupted]);
  if (built === 'interrupted') return 130;
  await using lab = built.lab;
  const result = await Promise.race([report(built.agents, PATIENCE_MS), interrupted]);
  if (result === 'interrupted') return 130;
  console.log(options.json === true ? JSON.stringify(result, null, 2) : pretty(result));
  if (options.once !== true) await stay(lab, built.agents);
  return result.pairs.every(({ ok }) => ok) ? 0 : 1;
}

async function start(): Promise<{ lab: Lab; agents: Agent[] }> {
  const lab = await Lab.create({
    hub: true,
    sites: {
      home: { nat: 'port-restricted', hosts: ['home-pc'] },
      cloud: { nat: 'none', hosts: ['cloud-vm'] },
      mobile: { nat: 'symmetric', hosts: ['phone-router'] },
    },
  });
  try {
    const agents: Agent[] = [];
    for (const { name } of lab.hosts)
      agents.push(await lab.agent(name, undefined, { start: false }));
    await Promise.all(agents.map(agent => agent.start()));
    return { lab, agents };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

/** Until Ctrl-C: says how to look around, and tells when a path changes. */
async function stay(lab: Lab, agents: readonly Agent[]): Promise<void> {
  const { namespace } = lab.host('home-pc');
  say(`
Look around:   ip netns exec ${namespace.name} bash
Make trouble:  ip netns exec evio-${lab.id}-home conntrack -D -p udp
Ctrl-C ends and removes everything.`);
  const paths = new Map<string, string>();
  for (;;) {
    for (const agent of agents) {
      const [overlay] = (await agent.status().catch(() => undefined))?.overlays ?? [];
      for (const { name, path } of overlay?.peers ?? []) {
        const pair = `${agent.name} → ${name}`;
        const now = `${path.kind} ${path.remote ?? ''}`.trim();
        const before = paths.get(pair);
        if (before !== undefined && before !== now) say(`${pair}: ${before} is now ${now}`);
        paths.set(pair, now);
      }
    }
    const pause = new Promise(resolve => setTimeout(resolve, 500));
    if ((await Promise.race([pause, interrupted])) === 'interrupted') return;
  }
}

function pretty({ nodes, pairs, throughputMbps }: DemoReport): string {
  const [first, second] = nodes;
  const speed =
    throughputMbps === null
      ? 'could not be measured'
      : `${throughputMbps >= 1000 ? `${(throughputMbps / 1000).toFixed(2)} Gb/s` : `${throughputMbps} Mb/s`}`;
  return [
    '',
    table([
      ['NODE', 'SITE', 'NAT', 'OVERLAY ADDRESS'],
      ...nodes.map(({ name, site, nat, address }) => [name, site, nat, address]),
    ]),
    '',
    table([
      ['FROM', 'TO', 'PING', 'PATH', 'LOCAL', 'REMOTE'],
      ...pairs.map(({ from, to, ok, path, rttMs, local, remote }) => [
        from,
        to,
        ok && rttMs !== null ? `${rttMs.toFixed(2)} ms` : 'FAILED',
        path,
        local ?? '-',
        remote ?? '-',
      ]),
    ]),
    '',
    `One encrypted TCP stream ${first?.name} → ${second?.name}: ${speed}`,
    ...pairs.flatMap(({ from, to, error }) =>
      error === undefined ? [] : [`\n${from} → ${to}: ${error}`],
    ),
  ].join('\n');
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
