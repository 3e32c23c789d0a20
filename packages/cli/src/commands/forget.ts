import type { Context } from '../context.ts';
import { type AgentOptions, clientOf } from './agent-options.ts';

/** `evio forget ACCOUNT`: lets a node with this account and a new key in again. */
export async function forget(
  context: Context,
  account: string,
  options: AgentOptions & { readonly overlay?: string },
): Promise<void> {
  const { output } = context;
  const answer = await (await clientOf(options)).forget(account, options.overlay);
  if (answer.overlays.length === 0) context.fail(1);
  if (options.json) return output.json(answer);
  output.print(
    answer.overlays.length === 0
      ? `no key is pinned for ${account}`
      : `${account}: the next key it shows is taken in ${answer.overlays.join(', ')}`,
  );
}
