import type { Context } from '../context.ts';
import { type AgentOptions, clientOf } from './agent-options.ts';

/** `evio dashboard`: the URL to open, with the token that lets a browser in. */
export async function dashboard({ output }: Context, options: AgentOptions): Promise<void> {
  const answer = await (await clientOf(options)).dashboard();
  if (options.json) return output.json(answer);
  output.print(answer.url);
}
