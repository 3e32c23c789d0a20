/**
 * The addon as it is: untyped numbers in, plain objects out. Only `datapath.ts` uses it.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Endpoint, NodeId } from '@evio/types';
import { EvioError } from '@evio/types';
import type {
  DatapathEvent,
  FloodNeighbour,
  Path,
  PeerCounters,
  RoutePoint,
  SessionKeys,
  Uplink,
  Via,
} from './types.ts';

/** Events as the addon shapes them: MACs as text, the owner 0 for this host. */
export type NativeEvent =
  | Exclude<DatapathEvent, { type: 'mac' | 'loop' }>
  | { type: 'mac'; overlay: number; mac: string; owner: number }
  | { type: 'loop'; overlay: number; mac: string; peer: number };

/** MAC addresses are numbers below 2^48 here; handles are numbers. */
export interface NativeDatapath {
  ports(): { port4: number; port6: number; aesHardware: boolean };
  drain(): NativeEvent[];
  send(bytes: Uint8Array, via: Via): void;
  openStream(
    remote: Endpoint,
    tls?: { serverName: string; ca?: string; insecure?: boolean },
  ): number;
  closeStream(stream: number): void;
  bindChannel(uplink: Uplink, channel: number, remote: Endpoint): void;
  unbindChannel(uplink: Uplink, channel: number): void;
  openTap(
    name: string,
    mtu: number,
    mac: number | undefined,
    id: string,
    carries: boolean,
  ): { overlay: number; name: string; mac: number };
  closeTap(overlay: number): void;
  setCarries(overlay: number, carries: boolean): void;
  setRoutes(overlay: number, points: readonly RoutePoint[]): void;
  setNeighbours(
    overlay: number,
    neighbours: readonly FloodNeighbour[],
    lost: readonly NodeId[],
  ): void;
  addPeer(overlay: number, id: string): number;
  removePeer(peer: number): void;
  setPath(peer: number, path: Path | undefined): void;
  setPathMtu(peer: number, bytes: number): void;
  addSession(peer: number, session: SessionKeys): void;
  removeSession(localIndex: number): void;
  sendControl(peer: number, bytes: Uint8Array): void;
  probe(peer: number, token: number, datagramBytes: number): void;
  learn(overlay: number, mac: number, peer: number): void;
  learnAddress(overlay: number, ip: string, mac: number | undefined): void;
  counters(): Record<string, number>;
  peerCounters(peer: number): PeerCounters;
  macTable(overlay: number): { mac: number; owner: number; ageSeconds: number }[];
  close(): void;
}

interface Addon {
  readonly NativeDatapath: new (port: number, ipv6: boolean, wake: () => void) => NativeDatapath;
  trimMemory(): void;
}

/** Where the addon may be, from this file or from the bundle: built in its package, or beside it. */
const PLACES = ['../../datapath/build/Release/datapath.node', './datapath.node'];

/**
 * Loads the addon.
 *
 * @throws EvioError `ADDON_MISSING` when it is not built, or not for this Node.
 */
export function loadAddon(): Addon {
  const require = createRequire(import.meta.url);
  const reasons: string[] = [];
  for (const place of PLACES) {
    try {
      return require(fileURLToPath(new URL(place, import.meta.url)));
    } catch (error) {
      reasons.push(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    }
  }
  throw new EvioError(
    'ADDON_MISSING',
    `expected the datapath addon, built by "npm run build"; tried: ${reasons.join('; ')}`,
  );
}
