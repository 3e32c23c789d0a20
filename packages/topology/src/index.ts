/**
 * Which peers a node links to, where its datagrams go, and how a broadcast reaches everybody once.
 *
 * {@link OverlayTopology} is one node's part of the structured ring. In: members, links that came up
 * or died, control messages, time. Out: links to make or end, control messages to send, and two
 * tables that the datapath executes ({@link RouteTable}, {@link FloodTable}). No sockets, no clock.
 * docs/topology.md explains it; `npm run simulate` runs it with thousands of nodes.
 *
 * @example
 * const topology = new OverlayTopology({ self, successors: 2, shortcuts: 'auto', onDemand: 8, random });
 * topology.announce(now, { sequence, record });
 * topology.memberSeen(now, { id, sequence, record, signaling: true });
 * for (let out = topology.poll(); out; out = topology.poll()) {
 *   if (out.type === 'link') dial(out.id, out.role); // … linkUp(now, id, rttMs) when it is up
 * }
 */

export type { LinkRole } from '@evio/types';
export type { Coordinate } from './coordinate.ts';
export { FLOOD_LOG_MS, FLOOD_LOG_SIZE, FloodLog } from './flood-log.ts';
export { type FloodCopy, type FloodNeighbour, type FloodPart, FloodTable } from './flood-table.ts';
export { FLOOD_FORGET_MS, FLOOD_WINDOW, FloodWindow } from './flood-window.ts';
export { type MemberDirectory, type MemberEntry, Members } from './member-directory.ts';
export type { SeenMember } from './membership.ts';
export type { Neighbour } from './neighbour.ts';
export { OverlayTopology } from './overlay-topology.ts';
export { type RingPoint, RingPoints } from './ring-point.ts';
export {
  FIRST_BOUND,
  HOP_LIMIT,
  type RouteEntry,
  type RouteState,
  type RouteStep,
  RouteTable,
} from './route-table.ts';
export { shortcutCount } from './shortcut-links.ts';
export type { TopologyOptions, TopologyOutput } from './topology-options.ts';
