/**
 * `npm run bench`: Evio side by side with others, on this machine, in this run.
 *
 *   npm run bench -- [--quick] [--json] [--output FILE] [--only NAME,…] [--scenario NAME,…] [--rounds N]
 *   npm run bench -- --document FILE
 *
 * side-by-side.ts tells how it measures, plan.ts what, peers/ against whom and in which configuration,
 * report.ts what `--json` prints, document.ts what becomes of it in docs/performance.md. Progress goes
 * to standard error.
 *
 * Exits 1 when something could not be measured (the rest is reported all the same), 2 when it does not
 * understand what is asked for, 130 when it is interrupted. Whether targets are met does not matter to
 * the exit code.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { writeDocument } from './document.ts';
import { type Options, parseOptions, USAGE, UsageError } from './options.ts';
import { type Peer, TUNNEL_MTU } from './peer.ts';
import { Recorder } from './recorder.ts';
import { completed, type Report, thisMachine } from './report.ts';
import { reportText } from './report-text.ts';
import { type Surroundings, sideBySide } from './side-by-side.ts';

const begin = performance.now();
const owned = new Set<AsyncDisposable>();
let interrupted = false;

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, async () => {
    say('interrupted: cleaning up');
    interrupted = true;
    await Promise.all([...owned].map(lab => lab[Symbol.asyncDispose]()));
    process.exit(code);
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${USAGE}\n`);
  else say(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.document !== undefined) {
    const report: Report = JSON.parse(await readFile(options.document, 'utf8'));
    say(`wrote to docs: ${(await writeDocument(report)).join(', ')}`);
    return 0;
  }
  const report = await measured(options);
  if (interrupted) return 130;
  const text = JSON.stringify(report, null, 2);
  if (options.output !== undefined) await writeFile(options.output, `${text}\n`);
  console.log(options.json ? text : reportText(report));
  return report.failures.length === 0 ? 0 : 1;
}

async function measured({ plan, peers, command }: Options): Promise<Report> {
  const startedAt = new Date().toISOString();
  const recorder = new Recorder();
  const surroundings: Surroundings = {
    recorder,
    own: lab => {
      owned.add(lab);
      return lab;
    },
    say,
    elapsed: () => (performance.now() - begin) / 1000,
  };
  const versions: Record<string, string> = {};
  const present: Peer[] = [];
  for (const peer of peers) {
    try {
      const version = await peer.prepare(say);
      if (version === undefined) continue;
      versions[peer.name] = version;
      present.push(peer);
    } catch (error) {
      say(`${peer.name} cannot be had: ${recorder.fail(peer.name, 'prepare', error).message}`);
    }
  }
  let { rounds } = plan;
  if (plan.blocks.length > 0 || plan.starts > 1) {
    rounds = await sideBySide(plan, present, surroundings);
  }
  for (const extra of plan.extras) {
    say(`measuring ${extra.name}`);
    try {
      await extra.measure({
        rounds: plan.rounds,
        pace: plan.pace,
        own: surroundings.own,
        say,
        record: (scenario, measurements) => recorder.add('evio', scenario, measurements),
      });
    } catch (error) {
      say(`evio, ${extra.name}: ${recorder.fail('evio', extra.name, error).message}`);
    }
  }
  return completed({
    machine: thisMachine(),
    startedAt,
    seconds: Math.round(surroundings.elapsed()),
    command,
    rounds,
    tunnelMtu: TUNNEL_MTU,
    versions,
    configurations: Object.fromEntries(
      present.map(({ name, configuration }) => [name, configuration]),
    ),
    results: recorder.results,
    failures: recorder.failures,
  });
}

function say(line: string): void {
  if (!interrupted) process.stderr.write(`bench: ${line}\n`);
}
