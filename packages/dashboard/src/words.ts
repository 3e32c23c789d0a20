import type { PathStatus, PeerStatus, TraceHop } from '@evio/agent/control';

/** Values as people read them. */

export const rttText = (ms: number | null) =>
  ms === null ? '–' : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1_000 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

/** How long ago, from milliseconds. */
export function ageText(ms: number | null): string {
  if (ms === null) return 'never';
  return ms < 1_000 ? 'less than a second ago' : `${Math.round(ms / 1_000)} s ago`;
}

/** Why datagrams go the way they go. `nameOf` tells a node's name from its id. */
export function whyPath(
  { role, reachable, path, session }: PeerStatus,
  nameOf: (node: string) => string,
): string {
  if (!reachable && path.kind !== 'none') {
    return 'It has fallen silent: nothing that is sent to it is known to arrive.';
  }
  const first = path.via[0] === undefined ? 'another member' : nameOf(path.via[0]);
  switch (path.kind) {
    case 'direct':
      return 'A path straight to it was found, and none is better.';
    case 'turn':
      return `No straight path was found, so the relay ${path.via.join(', ')} passes datagrams on.`;
    case 'overlay':
      return role === 'none'
        ? `There is no link to it: the ring leads there, first to ${first}.`
        : `Its link has no path of its own yet: ${first} passes on what is sent.`;
    case 'none':
      return session.state === 'handshaking'
        ? 'A path is being looked for.'
        : 'It is known, and nothing is sent to it.';
  }
}

export const PATHS: Readonly<Record<PathStatus['kind'], string>> = {
  direct: 'direct',
  turn: 'relayed',
  overlay: 'over members',
  none: 'none',
};

/** The kind of a member's path, unless it leads nowhere. */
export const pathText = ({ reachable, path }: Pick<PeerStatus, 'reachable' | 'path'>) =>
  reachable ? PATHS[path.kind] : 'not reached';

export const REASONS: Readonly<Record<TraceHop['reason'], string>> = {
  target: 'has a link to it',
  'look-ahead': 'that one has a link to the target',
  nearest: 'leads nearest to the target on the ring',
  fallback: 'the neighbour nearest to the target',
};
