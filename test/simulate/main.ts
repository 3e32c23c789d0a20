/**
 * `npm run simulate -- [--nodes N] [--seed S] [--churn PERCENT_PER_MINUTE] [--loss P] [--json]`, and
 * more: see `--help`.
 *
 * Runs the topology code of the agent with N nodes in virtual time and tells what came out beside
 * what is asked for. `--plots` draws the figures of docs/topology.md instead. Exit code 1 when a
 * target is missed, 2 on a wrong option.
 */
import { parseArgs } from 'node:util';
import { drawPlots } from './draw-plots.ts';
import { missedTargets, reportText } from './report-text.ts';
import { type SimulateOptions, simulate } from './simulate.ts';

const USAGE = `usage: npm run simulate -- [options]
  --nodes N        members (default 1000)
  --seed S         the same seed gives the same run (default 1)
  --churn P        percent of members that crash, and that join, each minute (default 0)
  --loss P         probability that a control message is lost, 0 to 1 (default 0)
  --partition S    cut the network in two halves for S seconds (default 0: do not)
  --successors K   ring neighbours on each side (default 2)
  --shortcuts K    auto or a number (default auto)
  --plain          draw shortcuts without regard to latency
  --server-away    no signaling server: members are spread by the overlay itself
  --settle S       virtual seconds before measuring (default 10)
  --pairs P        try all pairs after a crash if they are no more, else P random ones (default 20000)
  --json           one JSON report
  --plots          write the figures of docs/topology.md`;

function fail(message: string): never {
  process.stderr.write(`${message}\n${USAGE}\n`);
  process.exit(2);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        nodes: { type: 'string', default: '1000' },
        seed: { type: 'string', default: '1' },
        churn: { type: 'string', default: '0' },
        loss: { type: 'string', default: '0' },
        partition: { type: 'string', default: '0' },
        successors: { type: 'string', default: '2' },
        shortcuts: { type: 'string', default: 'auto' },
        plain: { type: 'boolean', default: false },
        'server-away': { type: 'boolean', default: false },
        settle: { type: 'string', default: '10' },
        pairs: { type: 'string', default: '20000' },
        json: { type: 'boolean', default: false },
        plots: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function number(name: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (text !== '' && value >= low && value <= high) return value;
  return fail(`--${name}: expected a number from ${low} to ${high}, got "${text}"`);
}

const given = readOptions();
if (given.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
const options: SimulateOptions = {
  nodes: Math.round(number('nodes', given.nodes, 2, 1_000_000)),
  seed: Math.round(number('seed', given.seed, 0, 2 ** 31)),
  churn: number('churn', given.churn, 0, 100),
  loss: number('loss', given.loss, 0, 1),
  partition: number('partition', given.partition, 0, 86_400),
  successors: Math.round(number('successors', given.successors, 1, 16)),
  shortcuts: given.shortcuts === 'auto' ? 'auto' : number('shortcuts', given.shortcuts, 0, 64),
  proximity: !given.plain,
  server: given['server-away'] ? 'away' : 'present',
  pairs: Math.round(number('pairs', given.pairs, 1, 1e9)),
  settle: number('settle', given.settle, 0, 86_400),
};
if (given.plots) drawPlots(new URL('../../docs/', import.meta.url), options.seed);
else {
  const report = simulate(options);
  process.stdout.write(given.json ? `${JSON.stringify(report)}\n` : reportText(report));
  process.exitCode = missedTargets(report).length > 0 ? 1 : 0;
}
