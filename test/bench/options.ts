import { parseArgs } from 'node:util';
import type { Peer } from './peer.ts';
import { FULL, limited, PEERS, type Plan, QUICK, scenarioNames, VARIANTS } from './plan.ts';

/** What the command line asks for. */
export interface Options {
  readonly plan: Plan;
  readonly peers: readonly Peer[];
  /** The command line, less what does not change what is measured. */
  readonly command: string;
  readonly json: boolean;
  /** Where to keep the report. */
  readonly output: string | undefined;
  /** A kept report of which docs/performance.md is to tell; nothing is measured then. */
  readonly document: string | undefined;
}

/** The command line is not understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE = `usage: npm run bench -- [OPTION…]

  --quick             the main scenarios only, in three minutes; else all, in forty
  --json              print JSON instead of tables
  --output FILE       keep the JSON in a file as well
  --only NAME,…       measure these products only: ${[...PEERS, ...VARIANTS].map(({ name }) => name).join(', ')}
  --scenario NAME,…   measure these scenarios only: ${scenarioNames(FULL).join(', ')}
  --rounds N          instead of ${FULL.rounds} (${QUICK.rounds} with --quick)
  --document FILE     measure nothing: draw the charts and fill the tables of docs/performance.md from
                      a file that --output wrote`;

/** @throws UsageError */
export function parseOptions(args: readonly string[]): Options {
  const values = parsed(args);
  const { quick = false, json = false, output, document } = values;
  const all = [...PEERS, ...VARIANTS];
  const only = known(
    'product',
    values.only,
    all.map(({ name }) => name),
  );
  const chosen = known('scenario', values.scenario, scenarioNames(FULL));
  // What is asked for by name is measured, quick or not.
  const whole = quick ? { ...FULL, pace: QUICK.pace, rounds: QUICK.rounds } : FULL;
  const plan = chosen === undefined ? (quick ? QUICK : FULL) : limited(whole, chosen);
  return {
    plan: { ...plan, rounds: roundsOf(values.rounds) ?? plan.rounds },
    peers: all.filter(({ name }) => only?.includes(name) ?? true),
    command: commandOf(quick, only, chosen, values.rounds),
    json,
    output,
    document,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        json: { type: 'boolean' },
        output: { type: 'string' },
        only: { type: 'string', multiple: true },
        scenario: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        document: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function commandOf(
  quick: boolean,
  only: readonly string[] | undefined,
  scenario: readonly string[] | undefined,
  rounds: string | undefined,
): string {
  const words = quick ? ['--quick'] : [];
  if (only !== undefined) words.push('--only', only.join(','));
  if (scenario !== undefined) words.push('--scenario', scenario.join(','));
  if (rounds !== undefined) words.push('--rounds', rounds);
  return ['npm run bench', ...(words.length === 0 ? [] : ['--', ...words])].join(' ');
}

/** Names may be repeated options, or one with commas. */
function known(
  kind: string,
  given: readonly string[] | undefined,
  names: readonly string[],
): string[] | undefined {
  const wanted = given?.flatMap(text => text.split(','));
  for (const name of wanted ?? []) {
    if (names.includes(name)) continue;
    throw new UsageError(`expected a ${kind} (${names.join(', ')}), got "${name}"`);
  }
  return wanted;
}

function roundsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= 99) return rounds;
  throw new UsageError(`expected 1 to 99 rounds, got "${text}"`);
}
