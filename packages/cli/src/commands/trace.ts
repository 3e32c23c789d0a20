import type { TraceHop } from '@evio/agent/control';
import type { Context } from '../context.ts';
import { formatPath, formatRtt } from '../format.ts';
import { formatTable } from '../table.ts';
import { type AgentOptions, clientOf } from './agent-options.ts';

const COLUMNS = [
  { title: '#', align: 'right' },
  { title: 'NODE', least: 8 },
  { title: 'ID', leave: 2 },
  { title: 'RTT', align: 'right' },
  { title: 'PATH', least: 10 },
  { title: 'WHY', least: 8, leave: 1 },
] as const;

const REASONS: Readonly<Record<TraceHop['reason'], string>> = {
  target: 'has a link to it',
  'look-ahead': 'that one has a link to the target',
  nearest: 'leads nearest to the target on the ring',
  fallback: 'the neighbour nearest to the target',
};

/** `evio trace NODE`: the way to a peer, hop by hop; fails when its end is not reached. */
export async function trace(
  context: Context,
  node: string,
  options: AgentOptions & { readonly overlay?: string },
): Promise<void> {
  const { output } = context;
  const answer = await (await clientOf(options)).trace(node, options.overlay);
  const end = answer.hops.at(-1);
  if (end?.id !== answer.target.id || end.rttMs === null) context.fail(1);
  if (options.json) return output.json(answer);
  if (answer.hops.length === 0) {
    output.print(`this node knows no way to ${node} in ${answer.target.overlay}`);
    return;
  }
  const rows = answer.hops.map((hop, index) => [
    String(index + 1),
    hop.name,
    hop.id.slice(0, 8),
    formatRtt(hop.rttMs),
    formatPath(hop.path),
    REASONS[hop.reason],
  ]);
  output.print(formatTable(COLUMNS, rows, output.width));
}
