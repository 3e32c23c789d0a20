import type { OverlayTopology } from '@evio/agent/control';
import type { Context } from '../context.ts';
import { formatRtt } from '../format.ts';
import { formatTable } from '../table.ts';
import { type AgentOptions, clientOf } from './agent-options.ts';

const COLUMNS = [
  { title: 'FROM', least: 8 },
  { title: 'TO', least: 8 },
  { title: 'ROLE' },
  { title: 'PATH' },
  { title: 'RTT', align: 'right' },
] as const;

/** `evio topology`: the ring and the links that this node knows. */
export async function topology(
  { output }: Context,
  options: AgentOptions & { readonly overlay?: string },
): Promise<void> {
  const answer = await (await clientOf(options)).topology(options.overlay);
  if (options.json) return output.json(answer);
  const texts = answer.map(each => describe(each, output));
  output.print(texts.join('\n\n'));
}

function describe(
  { overlay, nodes, links }: OverlayTopology,
  { style, width }: Context['output'],
): string {
  const nameOf = new Map(nodes.map(({ id, name }) => [id, name]));
  const named = (id: (typeof nodes)[number]['id']) => nameOf.get(id) ?? id.slice(0, 8);
  const ring = nodes.map(({ id, name, self }) => {
    const text = `  ${id.slice(0, 8)}  ${name}`;
    return self ? `${text}  ${style.dim('(this node)')}` : text;
  });
  const rows = links.map(({ from, to, role, path, rttMs }) => [
    named(from),
    named(to),
    role,
    path,
    formatRtt(rttMs),
  ]);
  const table = rows.length === 0 ? 'no links' : formatTable(COLUMNS, rows, width);
  return `${overlay}: ${nodes.length} nodes in ring order\n${ring.join('\n')}\n${table}`;
}
