import { writeFileSync } from 'node:fs';
import { type Line, lineChart } from './line-chart.ts';
import { degree, floods, lookups } from './measure.ts';
import { type SimulateOptions, settled, targetsFor } from './simulate.ts';
import { mean } from './statistics.ts';
import { walkPlainly } from './walk.ts';

const SIZES = [32, 100, 316, 1_000, 3_162, 10_000];
/** Proximity choice goes on for minutes after all start at once; larger ones take too long to draw. */
const LATENCY_SIZES = [100, 316, 1_000];
const LATENCY_SETTLE = 400;
const LOOKUPS = 3_000;
const QUIET_MS = 10_000;

type Write = (name: string, title: string, yLabel: string, lines: Line[]) => void;

/** Draws the figures of docs/topology.md and prints the numbers behind them. */
export function drawPlots(folder: URL, seed: number): void {
  const write: Write = (name, title, yLabel, lines) => {
    writeFileSync(new URL(name, folder), lineChart({ title, xLabel: 'members', yLabel, lines }));
    for (const { label, points } of lines) {
      const values = points.map(([x, y]) => `${x}: ${y.toFixed(2)}`).join(', ');
      process.stdout.write(`${name} · ${label} · ${values}\n`);
    }
  };
  drawLatency(write, seed);
  drawSizes(write, seed);
}

/** Hops, links, flood depth and control traffic against the size, beside the theory. */
export function drawSizes(write: Write, seed: number): void {
  const rows = SIZES.map(nodes => measure(nodes, seed));
  const line = (
    label: string,
    color: Line['color'],
    pick: (row: Row) => number,
    dashed = false,
  ): Line => ({
    label,
    color,
    dashed,
    points: rows.map(row => [row.nodes, pick(row)] as const),
  });
  write('topology-hops.svg', 'Hops between random members', 'hops', [
    line('without look-ahead, mean', 'orange', row => row.plainHops),
    line('99th percentile', 'blue', row => row.hopsP99),
    line('mean', 'green', row => row.hopsMean),
    line('asked for, 99th percentile: 0.5 · log₂ n', 'blue', row => row.targets.hopsP99, true),
    line('asked for, mean: 0.3 · log₂ n', 'green', row => row.targets.hopsMean, true),
  ]);
  write('topology-degree.svg', 'Links per member', 'links', [
    line('most', 'orange', row => row.degreeMax),
    line('mean', 'green', row => row.degreeMean),
    line('theory and asked for: 2 · ceil(log₂ n) + 4', 'gray', row => row.targets.degreeMean, true),
  ]);
  write('topology-flood.svg', 'Depth of a broadcast', 'hops to the last member', [
    line('most of five broadcasts', 'blue', row => row.floodDepth),
    line('asked for: 1.2 · log₂ n', 'gray', row => row.targets.floodDepth, true),
  ]);
  const first = rows.find(({ nodes }) => nodes === 100);
  const perLogSquared = (first?.messages ?? 0) / Math.log2(100) ** 2;
  write('topology-traffic.svg', 'Control messages per member and minute', 'messages', [
    line('sent', 'green', row => row.messages),
    line(
      'as fast as log₂² n, from 100 members on',
      'gray',
      ({ nodes }) => perLogSquared * Math.log2(nodes) ** 2,
      true,
    ),
  ]);
}

/** What the choice of near members gains. */
export function drawLatency(write: Write, seed: number): void {
  const near = LATENCY_SIZES.map(nodes => latency(nodes, seed, true));
  const plain = LATENCY_SIZES.map(nodes => latency(nodes, seed, false));
  const points = (values: readonly { overlayMs: number }[]) =>
    values.map(({ overlayMs }, index) => [LATENCY_SIZES[index] ?? 0, overlayMs] as const);
  const direct = near.map(({ directMs }, index) => [LATENCY_SIZES[index] ?? 0, directMs] as const);
  write('topology-latency.svg', 'Latency between random members, one way', 'ms', [
    { label: 'plain Symphony', color: 'orange', points: points(plain) },
    { label: 'near members chosen', color: 'green', points: points(near) },
    { label: 'direct path', color: 'gray', points: direct, dashed: true },
  ]);
}

interface Row {
  readonly nodes: number;
  readonly hopsMean: number;
  readonly hopsP99: number;
  readonly plainHops: number;
  readonly degreeMean: number;
  readonly degreeMax: number;
  readonly floodDepth: number;
  readonly messages: number;
  readonly targets: ReturnType<typeof targetsFor>;
}

function optionsFor(nodes: number, seed: number): SimulateOptions {
  return {
    nodes,
    seed,
    churn: 0,
    loss: 0,
    partition: 0,
    successors: 2,
    shortcuts: 'auto',
    proximity: true,
    server: 'present',
    settle: 5,
    pairs: 0,
  };
}

function measure(nodes: number, seed: number): Row {
  const { network } = settled(optionsFor(nodes, seed));
  const before = network.transport.messages;
  network.queue.runUntil(network.now + QUIET_MS);
  const messages = (network.transport.messages - before) / nodes / (QUIET_MS / 60_000);
  const routed = lookups(network, LOOKUPS);
  const plain = Array.from({ length: LOOKUPS }, () => walkPlainly(network));
  const links = degree(network);
  return {
    nodes,
    hopsMean: routed.hops.mean,
    hopsP99: routed.hops.p99,
    plainHops: mean(plain),
    degreeMean: links.mean,
    degreeMax: links.max,
    floodDepth: floods(network, 5).maxDepth,
    messages,
    targets: targetsFor(nodes),
  };
}

function latency(nodes: number, seed: number, proximity: boolean) {
  const settle = proximity ? LATENCY_SETTLE : 10;
  const { network } = settled({ ...optionsFor(nodes, seed), proximity, settle });
  const { latencyMs, directMs } = lookups(network, LOOKUPS);
  return { overlayMs: latencyMs, directMs };
}
