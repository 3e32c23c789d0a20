import type { OverlayTopology } from '@evio/agent/control';
import type { Context } from '../context.ts';
import { formatRtt } from '../format.ts';
import { formatTable } from '../table.ts';
import { type AgentOptions, clientOf } from './agent-options.ts';

const COLUMNS = [
  { title: 'RING', align: 'right' },
  { title: 'NODE', least: 8 },
  { title: 'ID', leave: 2 },
  { title: 'LINK' },
  { title: 'PATH' },
  { title: 'RTT', align: 'right', leave: 1 },
  { title: 'REACHED BY', least: 8 },
] as const;

/** `evio topology`: the ring, this node's links, and what its neighbours told of theirs. */
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
  { overlay, nodes, links, heard }: OverlayTopology,
  { style, width }: Context['output'],
): string {
  const nameOf = new Map(nodes.map(({ id, name }) => [id, name]));
  const linkTo = new Map(links.map(link => [link.to, link]));
  const knownBy = Map.groupBy(heard, ({ to }) => to);
  const rows = nodes.map(({ id, name, self }) => {
    const link = linkTo.get(id);
    const others = knownBy.get(id)?.map(({ from }) => nameOf.get(from) ?? from.slice(0, 8)) ?? [];
    const reached = self ? style.dim('this node') : link === undefined ? others.join(' ') : 'link';
    return [
      positionOf(id),
      name,
      id.slice(0, 8),
      link?.role ?? '–',
      link?.path ?? '–',
      formatRtt(link?.rttMs ?? null),
      reached === '' ? 'routing' : reached,
    ];
  });
  const told = `${links.length} links of this node, ${heard.length} of its neighbours`;
  return `${overlay}: ${nodes.length} nodes in ring order, ${told}\n${formatTable(COLUMNS, rows, width)}`;
}

/** Where an id stands on the ring, from 0 to 100 %. */
function positionOf(id: string): string {
  return `${((Number.parseInt(id.slice(0, 8), 16) / 2 ** 32) * 100).toFixed(1)} %`;
}
