import type { Step, StepError } from '@evio/agent/join';
import type { Context } from '../context.ts';

/** Shows steps as they come, or collects them for `--json`; a step that fails ends it. */
export async function runSteps(
  context: Context,
  steps: AsyncIterable<Step>,
  options: { readonly json?: boolean; readonly command: string },
): Promise<{ readonly steps: readonly Step[]; readonly failure?: StepError }> {
  const { output } = context;
  const { StepError } = await import('@evio/agent/join');
  const ended: Step[] = [];
  try {
    for await (const step of steps) {
      if (step.state !== 'waiting') ended.push(step);
      if (!options.json) output.print(describe(step, output.style));
    }
    return { steps: ended };
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    context.fail(1);
    if (!options.json) {
      output.warn(`evio: ${options.command} stopped at the step "${error.step}": ${error.message}`);
      output.warn(`mend: ${error.mend}`);
    }
    return { steps: ended, failure: error };
  }
}

/** For `--json`: the steps that ended, and what stopped it. */
export function stepsAsJson(result: {
  readonly steps: readonly Step[];
  readonly failure?: StepError;
}): object {
  const { steps, failure } = result;
  return {
    ok: failure === undefined,
    steps,
    ...(failure && {
      failure: {
        step: failure.step,
        code: failure.code,
        cause: failure.message,
        mend: failure.mend,
      },
    }),
  };
}

const WORDS = { waiting: '…', done: 'ok', 'look at': '!' } as const;

function describe({ step, state, finding }: Step, style: Context['output']['style']): string {
  const paint = { waiting: style.dim, done: style.good, 'look at': style.uneasy }[state];
  return `${paint(WORDS[state].padEnd(2))} ${step.padEnd(7)}  ${finding}`;
}
