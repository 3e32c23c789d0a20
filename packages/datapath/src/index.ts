/**
 * The datapath: carries Ethernet frames between TAP devices and peers, encrypted, on threads of its own.
 *
 * In comes what TypeScript decides: which peers there are, by which path each is reached, and the keys
 * that a handshake gave. Out come events: STUN and handshake datagrams for others to handle, replies to
 * probes, frames that want a session, peers that no longer answer. Frames never come up here.
 *
 * The native half is in `../native`; `engine.h` there tells its threads. The wire format is in
 * docs/protocol.md.
 *
 * @example
 * const datapath = Datapath.open({ port: 0 });
 * datapath.events.subscribe(event => console.log(event.type));
 * const { overlay } = datapath.openTap({ name: 'evio0', mtu: 1400, id: ourNodeId });
 * const peer = datapath.addPeer(overlay, theirNodeId);
 * datapath.setPath(peer, { kind: 'direct', remote: { address: '192.0.2.7', port: 4000 } });
 * datapath.addSession(peer, keysFromTheHandshake);
 */
export { COUNTER_NAMES, type CounterName } from './counter-names.ts';
export { Datapath } from './datapath.ts';
export { trimMemory } from './trim-memory.ts';
export type {
  Cipher,
  DatapathEvent,
  FloodNeighbour,
  MacEntry,
  OverlayHandle,
  Path,
  PeerCounters,
  PeerHandle,
  RoutePoint,
  SessionKeys,
  StreamHandle,
  UnderlayPath,
  Uplink,
  Via,
} from './types.ts';
