/**
 * Who a node is, whom it trusts, and the keys between two nodes.
 *
 * - {@link Identity}: the node's keys, in one private file; its id follows from them.
 * - {@link encodeNodeRecord}, {@link decodeNodeRecord}: what a node says of itself, signed.
 * - {@link PinStore}: which key an account has shown, so that another one is noticed.
 * - {@link HandshakeGate}: for whom a handshake datagram is, cheapest check first.
 * - {@link PeerSession}: Noise IKpsk2 with one peer, first through stanzas, then over the path.
 *
 * All but the files is sans-IO: time, randomness and session indexes come in.
 *
 * @example
 * const session = new PeerSession({ identity, overlay: 'edge', peer: record, ...rest });
 * const initiation = session.initiate(now, iceCredentials); // travels in the offer
 * session.complete(now, response, theirIceCredentials); // from the answer
 * for (let out = session.poll(); out; out = session.poll()) perform(out);
 */
export type { Random } from './curve25519.ts';
export { type GateVerdict, HandshakeGate } from './handshake-gate.ts';
export type { TransportCipher } from './handshake-message.ts';
export { Identity } from './identity.ts';
export { InitiationClock } from './initiation-clock.ts';
export {
  decodeNodeRecord,
  encodeNodeRecord,
  type NodeRecord,
  type NodeRecordFields,
} from './node-record.ts';
export type { AgreedSession } from './pair-handshake.ts';
export {
  PeerSession,
  type PeerSessionOptions,
} from './peer-session.ts';
export { PinStore } from './pin-store.ts';
export { SessionIndexes } from './session-index.ts';
export type { SessionOutput, SessionState } from './session-output.ts';
export { DEFAULT_TIMERS, type Timers } from './timers.ts';
