import type { CheckResult } from '@evio/agent/doctor';
import type { Context } from '../context.ts';

/** `evio doctor`: looks at the host and the way to the servers; fails when something is broken. */
export async function doctor(
  context: Context,
  { config, json }: { readonly config: string; readonly json?: boolean },
): Promise<void> {
  const { output } = context;
  const { examine } = await import('@evio/agent/doctor');
  const results: CheckResult[] = [];
  for await (const result of examine({ configFile: config })) {
    results.push(result);
    if (!json) output.print(describe(result, output.style));
  }
  const broken = results.filter(({ state }) => state === 'broken').length;
  if (broken > 0) context.fail(1);
  if (json) return output.json({ ok: broken === 0, checks: results });
  const uneasy = results.filter(({ state }) => state === 'uneasy').length;
  output.print(`${results.length} checks, ${broken} broken, ${uneasy} to look at`);
}

const WORDS = {
  fine: 'fine   ',
  uneasy: 'look at',
  broken: 'BROKEN ',
  unknown: 'unknown',
} as const;

function describe(
  { state, title, finding, mend }: CheckResult,
  style: Context['output']['style'],
): string {
  const paint = { fine: style.good, uneasy: style.uneasy, broken: style.bad, unknown: style.dim };
  const line = `${paint[state](WORDS[state])}  ${title}: ${finding}`;
  return mend === undefined ? line : `${line}\n         mend: ${mend}`;
}
