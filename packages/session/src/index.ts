/**
 * Who a node is and the keys it shares with its peers: identity file, signed node records, pinned
 * keys, the Noise IKpsk2 handshake and its renewal. Sans-IO but for the two files.
 *
 * In: stanzas' and the path's handshake bytes, the time, what the datapath saw. Out of
 * {@link PeerSession.poll}: datagrams to send, keys to install and to remove, the state.
 *
 * What it is there to prevent: a server or member that reads or alters what two others say (end-to-end
 * keys, contexts bound into the handshake), one that takes another's account (pins), a flood that eats
 * the CPU ({@link HandshakeGate}), a recorded handshake that displaces a session ({@link TimestampGuard}
 * and sessions that do nothing until the peer uses them).
 *
 * @example
 * const identity = Identity.loadOrCreate('/var/lib/evio/identity.json', random);
 * const clock = new InitiationClock(Date.now);
 * const indexes = new SessionIndexes<PeerSession>(random);
 * const session: PeerSession = new PeerSession({
 *   identity, overlay: 'edge', peer: decodeNodeRecord(bytes), aesHardware: true, random,
 *   nextTimestamp: () => clock.next(),
 *   allocateIndex: () => indexes.allocate(session),
 *   releaseIndex: index => indexes.release(index),
 * });
 * const offered = session.initiate(now, credentials);     // into the offer
 * session.complete(now, answered, peerCredentials);       // from the answer
 * for (let out = session.poll(); out; out = session.poll()) carryOut(out);
 */
export type { Random } from './curve25519.ts';
export { readPrivateFile, writePrivateFile } from './durable-file.ts';
export {
  DEFAULT_GATE_LIMITS,
  type GateDrop,
  type GateLimits,
  type GateVerdict,
  HandshakeGate,
} from './handshake-gate.ts';
export {
  INITIATION_BYTES,
  INITIATION_TYPE,
  RESPONSE_BYTES,
  RESPONSE_TYPE,
  type TransportCipher,
} from './handshake-message.ts';
export { Identity, nodeIdOf } from './identity.ts';
export { InitiationClock } from './initiation-clock.ts';
export { formatIpPrefix, parseIpPrefix } from './ip-prefix.ts';
export {
  decodeNodeRecord,
  encodeNodeRecord,
  MAX_RECORD_BYTES,
  type NodeRecord,
  type NodeRecordFields,
} from './node-record.ts';
export { type AgreedSession, PSK_BYTES } from './pair-handshake.ts';
export { PeerSession, type PeerSessionOptions } from './peer-session.ts';
export { type Pin, PinStore } from './pin-store.ts';
export { POD_CLAIM_LIMITS, type PodClaim, type PodVote } from './pod-claim.ts';
export { SessionIndexes } from './session-index.ts';
export type { SessionCounters, SessionOutput, SessionState } from './session-output.ts';
export { DEFAULT_TIMERS, type Timers } from './timers.ts';
export { TimestampGuard } from './timestamp-guard.ts';
