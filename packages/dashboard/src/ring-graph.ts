import type { OverlayStatus, OverlayTopology, Trace } from '@evio/agent/control';
import { type Coordinates, mapPlaces } from './map-place.ts';

/** What the ring shows: pure data, so that it is tested without a browser. */

export type LinkLook = 'successor' | 'shortcut' | 'on-demand' | 'static' | 'heard' | 'trace';
export type PathKind = 'direct' | 'turn' | 'overlay' | 'none';

export interface RingNode {
  readonly key: string;
  readonly label: string;
  /** On the unit circle, clockwise from the top by the id's place in the ring; or on the map. */
  readonly x: number;
  readonly y: number;
  readonly self: boolean;
  readonly path: PathKind;
  /** Radius, pixels. */
  readonly size: number;
}

export interface RingLink {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly look: LinkLook;
  readonly path: PathKind;
  /** Pixels; the nearer, the wider. */
  readonly width: number;
}

export interface RingGraph {
  readonly scene: 'ring' | 'map';
  readonly nodes: readonly RingNode[];
  readonly links: readonly RingLink[];
}

/** A fraction of the ring: the id's first 52 bits over all. */
export function ringPosition(id: string): number {
  return Number.parseInt(id.slice(0, 13), 16) / 2 ** 52;
}

/** 1 ms and less is 5 pixels wide, each doubling half a pixel less, down to 1. */
export function widthOf(rttMs: number | null): number {
  if (rttMs === null) return 1;
  return Math.max(1, 5 - 0.5 * Math.log2(Math.max(1, rttMs)));
}

/** Less where more nodes share the circle, and more for those with a link to this one. */
function sizeOf(nodes: number, { self, linked }: { self: boolean; linked: boolean }): number {
  const size = nodes > 200 ? 3 : nodes > 60 ? 4.5 : 6;
  return self ? size + 3 : linked ? size + 1 : size;
}

/** Whether both have the same nodes and links, however they look. */
export function sameShape(one: RingGraph, other: RingGraph): boolean {
  return (
    one.scene === other.scene &&
    one.nodes.length === other.nodes.length &&
    one.links.length === other.links.length &&
    one.nodes.every(({ key }, index) => key === other.nodes[index]?.key) &&
    one.links.every(({ key, look, from }, index) => {
      const { key: itsKey, look: itsLook, from: itsFrom } = other.links[index] ?? {};
      return key === itsKey && look === itsLook && from === itsFrom;
    })
  );
}

export interface GraphOptions {
  /** To be drawn over the links. */
  readonly trace?: Trace | undefined;
  /** By name of the node: those that have any stand on the map, and the others do not show. */
  readonly coordinates?: Readonly<Record<string, Coordinates>> | undefined;
}

export function ringGraph(
  overlay: OverlayStatus,
  topology: OverlayTopology,
  { trace, coordinates }: GraphOptions = {},
): RingGraph {
  const { links, heard } = topology;
  // The server may call a member present for half a minute after it was killed, so that it could resume
  // its stream (XEP-0198); the overlay knows within seconds.
  const away = new Set<string>(
    overlay.peers.filter(({ reachable }) => !reachable).map(({ id }) => id),
  );
  const here = topology.nodes.filter(({ id }) => !away.has(id));
  // A member may call itself "constructor", which every object has.
  const at = (name: string) =>
    coordinates && Object.hasOwn(coordinates, name) ? coordinates[name] : undefined;
  const places = coordinates && mapPlaces(here.map(({ id, name }) => ({ key: id, at: at(name) })));
  const nodes = places === undefined ? here : here.filter(({ id }) => places.has(id));
  const paths = new Map(overlay.peers.map(({ id, path }) => [String(id), path.kind]));
  const self = nodes.find(node => node.self)?.id;
  const known = new Set<string>(nodes.map(({ id }) => id));
  const found = new Map<string, RingLink>();
  const add = (link: Omit<RingLink, 'key'>) => {
    if (!known.has(link.from) || !known.has(link.to) || link.from === link.to) return;
    const key =
      link.look === 'trace'
        ? `trace ${link.from} ${link.to}`
        : link.from < link.to
          ? `${link.from} ${link.to}`
          : `${link.to} ${link.from}`;
    if (!found.has(key)) found.set(key, { key, ...link });
  };
  for (const { from, to, role, path, rttMs } of links) {
    add({ from, to, look: role, path, width: widthOf(rttMs) });
  }
  for (const { from, to } of heard) add({ from, to, look: 'heard', path: 'none', width: 0.5 });
  let from = self;
  for (const { id, path } of trace?.hops ?? []) {
    if (from !== undefined) add({ from, to: id, look: 'trace', path: path.kind, width: 6 });
    from = id;
  }
  const linked = new Set<string>(links.map(({ to }) => to));
  return {
    nodes: nodes.map(({ id, name, self }) => {
      const angle = 2 * Math.PI * ringPosition(id);
      return {
        key: id,
        label: name,
        ...(places?.get(id) ?? { x: Math.sin(angle), y: Math.cos(angle) }),
        self,
        path: paths.get(id) ?? 'none',
        size: sizeOf(nodes.length, { self, linked: linked.has(id) }),
      };
    }),
    links: [...found.values()],
    scene: places === undefined ? 'ring' : 'map',
  };
}
