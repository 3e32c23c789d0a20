import type { Context } from '../context.ts';
import { type AgentOptions, clientOf } from './agent-options.ts';

/** `evio reload`: as SIGHUP, but says what was applied and what waits for a restart. */
export async function reload({ output }: Context, options: AgentOptions): Promise<void> {
  const answer = await (await clientOf(options)).reload();
  if (options.json) return output.json(answer);
  const { applied, needsRestart } = answer;
  for (const line of applied) output.print(`applied: ${line}`);
  for (const line of needsRestart) output.print(output.style.uneasy(`needs a restart: ${line}`));
  if (applied.length + needsRestart.length === 0) output.print('nothing has changed');
}
