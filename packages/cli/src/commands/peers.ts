import type { Context } from '../context.ts';
import { PEER_COLUMNS, peerNames, peerRow } from '../format.ts';
import type { Output } from '../output.ts';
import { formatTable } from '../table.ts';
import { untilInterrupted, watch } from '../watch.ts';
import { type AgentOptions, clientOf, type WatchOptions } from './agent-options.ts';

/** `evio peers`: the other members, one per line. */
export async function peers(
  { output }: Context,
  options: WatchOptions & { readonly overlay?: string },
): Promise<void> {
  if (options.watch === undefined) return show(output, options);
  await watch(output, untilInterrupted(options.watch), each => show(each, options));
}

async function show(
  output: Output,
  options: AgentOptions & { readonly overlay?: string },
): Promise<void> {
  const answer = await (await clientOf(options)).peers(options.overlay);
  if (options.json) return output.json(answer);
  if (answer.length === 0) return output.print('no other member is known yet');
  const several = new Set(answer.map(({ overlay }) => overlay)).size > 1;
  const columns = several ? [{ title: 'OVERLAY', least: 6 }, ...PEER_COLUMNS] : PEER_COLUMNS;
  const nameOf = peerNames(answer);
  const rows = answer.map(peer => [
    ...(several ? [peer.overlay] : []),
    ...peerRow(peer, output.style, nameOf),
  ]);
  output.print(formatTable(columns, rows, output.width));
}
