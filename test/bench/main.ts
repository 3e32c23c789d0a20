/**
 * `npm run bench`: Evio side by side with others, on this machine, in this run.
 *
 *   npm run bench -- [--quick] [--json] [--only NAME…]
 *
 * Two hosts in one LAN of the lab (veth, MTU 1500), one pair of daemons per product, all up at once
 * and idle but the one that is measured. Rounds go through all products in turn, so that a busy
 * moment of the machine strikes all of them; the report has the medians, and every run.
 *
 * `--json` prints `{machine, versions, results: [{name, scenario, metric, unit, median, runs}],
 * ratioToWireguardGo}`, the ratio being that of one TCP stream; null when one of the two is missing.
 * Progress goes to standard error. Exits 1 when a product could not be measured.
 */
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { table } from '../demo/table.ts';
import { Lab } from '../lab/index.ts';
import type { Peer, Tunnel } from './peer.ts';
import { evio } from './peers/evio.ts';
import { underlay } from './peers/underlay.ts';
import { wireguardGo } from './peers/wireguard-go.ts';
import { type Measurement, scenarios } from './scenarios.ts';

const PEERS: readonly Peer[] = [underlay, evio, wireguardGo];
const QUICK = { rounds: 5, pace: { tcpSeconds: 3, pings: 200 } };
const FULL = { rounds: 9, pace: { tcpSeconds: 8, pings: 1000 } };

interface Result {
  readonly name: string;
  readonly scenario: string;
  readonly metric: string;
  readonly unit: string;
  readonly median: number;
  readonly runs: readonly number[];
}

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    only: { type: 'string', multiple: true },
  },
});

try {
  process.exitCode = await bench();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function bench(): Promise<number> {
  const { rounds, pace } = options.quick === true ? QUICK : FULL;
  const peers = PEERS.filter(({ name }) => options.only?.includes(name) ?? true);
  const versions: Record<string, string> = {};
  for (const peer of peers) versions[peer.name] = await peer.prepare(say);

  await using lab = await Lab.create({ hub: true, sites: { lan: { hosts: ['left', 'right'] } } });
  const [left, right] = [lab.host('left'), lab.host('right')];
  const tunnels = new Map<Peer, Tunnel>();
  let failed = 0;
  for (const peer of peers) {
    say(`starting ${peer.name} ${versions[peer.name]}`);
    try {
      tunnels.set(peer, await peer.start(lab, left, right));
    } catch (error) {
      failed += 1;
      say(`${peer.name} cannot be measured: ${error instanceof Error ? error.message : error}`);
    }
  }
  const runs = new Map<string, { peer: Peer; what: Measurement; values: number[] }>();
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}`);
    for (const [peer, tunnel] of tunnels) {
      try {
        for (const scenario of scenarios) {
          for (const what of await scenario(tunnel, left, right, pace)) {
            const key = `${peer.name} ${what.scenario} ${what.metric}`;
            const run = runs.get(key) ?? { peer, what, values: [] };
            run.values.push(Math.round(what.value * 1000) / 1000);
            runs.set(key, run);
          }
        }
      } catch (error) {
        failed += 1;
        tunnels.delete(peer);
        say(`${peer.name} is measured no more: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  const results = [...runs.values()].map(({ peer, what, values }): Result => {
    const { scenario, metric, unit } = what;
    return { name: peer.name, scenario, metric, unit, median: median(values), runs: values };
  });
  const of = (name: string) =>
    results.find(result => result.name === name && result.metric === 'throughput')?.median;
  const [ours, theirs] = [of('evio'), of('wireguard-go')];
  const ratioToWireguardGo =
    ours === undefined || theirs === undefined ? null : Math.round((ours / theirs) * 1000) / 1000;
  const report = { machine: machine(), versions, results, ratioToWireguardGo };
  console.log(options.json === true ? JSON.stringify(report, null, 2) : pretty(report));
  return failed === 0 ? 0 : 1;
}

function machine(): Record<string, string | number> {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function pretty(report: {
  machine: Record<string, string | number>;
  versions: Record<string, string>;
  results: readonly Result[];
  ratioToWireguardGo: number | null;
}): string {
  const { cpu, cores, kernel, node } = report.machine;
  const ratio = report.ratioToWireguardGo;
  return [
    `${cpu}, ${cores} cores, Linux ${kernel}, Node ${node}`,
    '',
    table([
      ['SCENARIO', 'METRIC', 'NAME', 'VERSION', 'MEDIAN', 'LEAST', 'MOST', 'UNIT'],
      ...[...report.results]
        .sort((a, b) => `${a.scenario}${a.metric}`.localeCompare(`${b.scenario}${b.metric}`))
        .map(({ name, scenario, metric, unit, median, runs }) => [
          ...[scenario, metric, name, report.versions[name] ?? '', figure(median)],
          ...[figure(Math.min(...runs)), figure(Math.max(...runs)), unit],
        ]),
    ]),
    '',
    `One TCP stream, Evio : wireguard-go = ${ratio === null ? 'not measured' : ratio.toFixed(2)}`,
  ].join('\n');
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}
