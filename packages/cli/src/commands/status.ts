import type { AgentStatus, OverlayStatus } from '@evio/agent/control';
import type { Context } from '../context.ts';
import { formatAge, formatBytes, PEER_COLUMNS, peerNames, peerRow } from '../format.ts';
import type { Output } from '../output.ts';
import { formatTable } from '../table.ts';
import { untilInterrupted, watch } from '../watch.ts';
import { type AgentOptions, clientOf, type WatchOptions } from './agent-options.ts';

/** `evio status`: who this node is, its overlays, their signaling and peers. */
export async function status({ output }: Context, options: WatchOptions): Promise<void> {
  if (options.watch === undefined) return show(output, options);
  await watch(output, untilInterrupted(options.watch), each => show(each, options));
}

async function show(output: Output, options: AgentOptions): Promise<void> {
  const answer = await (await clientOf(options)).status();
  if (options.json) return output.json(answer);
  output.print(head(answer));
  for (const overlay of answer.overlays) {
    output.print(`\n${overlayHead(overlay, output.style)}`);
    for (const { jid, message } of overlay.refused) {
      output.print(`  ${output.style.bad(`refused ${jid}`)}: ${message}`);
    }
    if (overlay.peers.length === 0) output.print('  no other member is known yet');
    else {
      const nameOf = peerNames(overlay.peers);
      const rows = overlay.peers.map(peer => peerRow(peer, output.style, nameOf));
      output.print(formatTable(PEER_COLUMNS, rows, output.width));
    }
  }
  if (answer.cni !== undefined) output.print(`\n${podsOf(answer.cni, output.style)}`);
}

/** What the CNI plugin has: its range, its pods, and how its calls went. */
function podsOf(cni: NonNullable<AgentStatus['cni']>, style: Context['output']['style']): string {
  const { bridge, ranges, problem, addresses, pods, commands } = cni;
  const range = ranges.length > 0 ? ranges.join(', ') : style.bad(problem ?? 'no range');
  const failed = Object.entries(commands).flatMap(([command, { failures }]) =>
    failures === 0 ? [] : [`${failures} ${command}`],
  );
  return [
    `pods: ${bridge}, ${range}; ${addresses.taken} of ${addresses.size} addresses taken`,
    ...(failed.length === 0 ? [] : [style.bad(`  failed calls: ${failed.join(', ')}`)]),
    ...pods.map(({ pod, containerId, ifName, addresses: own }) => {
      return `  ${pod ?? containerId.slice(0, 12)} ${ifName}  ${own.join(', ')}`;
    }),
  ].join('\n');
}

function head({ version, node, since, rssBytes, ports, pid }: AgentStatus): string {
  const up = formatAge((Date.now() - Date.parse(since)) / 1000);
  const listening = [
    ports.ipv4 !== null && `${ports.ipv4} (IPv4)`,
    ports.ipv6 !== null && `${ports.ipv6} (IPv6)`,
  ].filter(Boolean);
  return `${node.name}  ${node.id}\nevio ${version}, pid ${pid}, up ${up}, ${formatBytes(rssBytes)}, UDP port ${listening.join(', ') || 'none'}`;
}

function overlayHead(overlay: OverlayStatus, style: Context['output']['style']): string {
  const { signaling } = overlay;
  const paint = signaling.state === 'online' ? style.good : style.bad;
  const since = formatAge((Date.now() - Date.parse(signaling.since)) / 1000);
  const error = signaling.error === undefined ? '' : `\n  ${style.bad(signaling.error)}`;
  const addresses = overlay.addresses.length === 0 ? 'no address' : overlay.addresses.join(', ');
  return `${overlay.name}: ${overlay.interface}, ${addresses}, MTU ${overlay.mtu}; ${signaling.jid} ${paint(signaling.state)} for ${since}${error}`;
}
