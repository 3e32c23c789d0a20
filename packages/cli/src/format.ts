import type { PathStatus, PeerListing } from '@evio/agent/control';
import type { Style } from './output.ts';
import type { Column } from './table.ts';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1.5 MiB` */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `12 s`, `3 min`, `5 h`, `2 d` */
export function formatAge(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** `0.412 ms`, `23.5 ms`; a dash when there is none. */
export function formatRtt(rttMs: number | null): string {
  if (rttMs === null) return '–';
  return `${rttMs < 10 ? rttMs.toFixed(3) : rttMs.toFixed(1)} ms`;
}

/** `direct 192.0.2.1:41000 → 198.51.100.7:3000`, `turn … by 192.0.2.9:3478` */
export function formatPath(path: PathStatus): string {
  const ends = path.remote === null ? '' : ` ${path.local ?? '?'} → ${path.remote}`;
  const via = path.via.length === 0 ? '' : ` by ${path.via.join(', ')}`;
  return `${path.kind}${ends}${via}`;
}

export const PEER_COLUMNS: readonly Column[] = [
  { title: 'NAME', least: 8 },
  { title: 'ID', leave: 5 },
  { title: 'ADDRESS', least: 12, leave: 2 },
  { title: 'ROLE', leave: 1 },
  { title: 'STATE' },
  { title: 'PATH' },
  { title: 'REMOTE', least: 9, leave: 3 },
  { title: 'RTT', align: 'right' },
  { title: 'RECEIVED', align: 'right', leave: 4 },
  { title: 'SENT', align: 'right', leave: 4 },
];

/** Names of peers by their ids. */
export function peerNames(
  peers: readonly Pick<PeerListing, 'id' | 'name'>[],
): (id: string) => string | undefined {
  const names = new Map<string, string>(peers.map(({ id, name }) => [id, name]));
  return id => names.get(id);
}

/**
 * A peer as a row under {@link PEER_COLUMNS}.
 *
 * @param nameOf the name of a node by its id, for those between; undefined when it is not known.
 */
export function peerRow(
  peer: Omit<PeerListing, 'overlay'>,
  style: Style,
  nameOf: (id: string) => string | undefined,
): string[] {
  const { path } = peer;
  const between = path.via.map(id => nameOf(id) ?? id.slice(0, 8)).join(' ');
  return [
    peer.name,
    peer.id.slice(0, 8),
    peer.addresses.map(cidr => cidr.split('/')[0]).join(' '),
    peer.role,
    stateOf(peer, style),
    path.kind === 'direct' ? path.kind : style.uneasy(path.kind),
    path.remote ?? (between === '' ? '–' : `by ${between}`),
    formatRtt(path.rttMs),
    formatBytes(peer.rxBytes),
    formatBytes(peer.txBytes),
  ];
}

/** Its session, or that it has fallen silent: then keys are worth nothing. */
function stateOf(
  { path, reachable, session: { state } }: Pick<PeerListing, 'path' | 'reachable' | 'session'>,
  style: Style,
): string {
  if (!reachable && path.kind !== 'none') return style.bad('silent');
  if (state === 'up') return style.good(state);
  return state === 'handshaking' ? style.uneasy(state) : style.bad(state);
}
