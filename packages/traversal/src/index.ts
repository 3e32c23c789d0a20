/**
 * Finds and keeps ways through NATs: ICE (RFC 8445, 8838, 7675), STUN (RFC 8489), TURN (RFC 8656),
 * path MTU discovery (RFC 8899). Sans-IO: time and messages go in, messages and decisions come out.
 *
 * - {@link CandidateGatherer}: our candidates, shared by all links of a node.
 * - {@link IceAgent}: one per link and generation; finds the path to one peer.
 * - {@link PathMtu}: the largest datagram that a path carries.
 * - {@link NatProbe}, {@link natKind}: what kind of NAT is in front, for `evio doctor`.
 * - {@link StunDemux}: hands what arrives on the shared socket to the right one of them.
 *
 * @example
 * const gatherer = new CandidateGatherer({ random, port4: 40000 });
 * const demux = new StunDemux(gatherer);
 * gatherer.setLocalAddresses(now, ['192.0.2.7']);
 * gatherer.setServers(now, [{ kind: 'stun', transport: 'udp', endpoint: stunServer }]);
 *
 * const agent = new IceAgent({ role: 'controlling', random });
 * demux.add(agent);
 * for (const candidate of gatherer.candidates) agent.addLocalCandidate(now, candidate);
 * agent.setRemote(now, offer.credentials);
 * for (const candidate of offer.candidates) agent.addRemoteCandidate(now, candidate);
 * for (let out = agent.poll(); out; out = agent.poll()) perform(out); // and after each later call
 */
export { canonicalAddress, canonicalEndpoint, isCandidateAddress } from './address.ts';
export {
  type AllocationId,
  type Base,
  baseEndpoint,
  baseKey,
  type LocalCandidate,
  wireCandidate,
} from './candidate.ts';
export type { IceRole } from './candidate-pair.ts';
export type { IceCredentials } from './connectivity-check.ts';
export {
  CandidateGatherer,
  GATHERING_PATIENCE,
  type GathererOptions,
  type GathererOutput,
  type RelayedDatagram,
  type ServerArrival,
} from './gatherer.ts';
export { IceAgent, type IceAgentOptions } from './ice-agent.ts';
export type { IceCounters, IceOutput, IceState, PairReport, SelectedPair } from './ice-output.ts';
export type { IceServer, ServerVia, StreamId, Uplink } from './ice-server.ts';
export { ICE_TIMING, type IceTiming } from './ice-timing.ts';
export type { Mapping } from './local-candidates.ts';
export { type NatKind, type NatMapping, natKind } from './nat-kind.ts';
export { type NatBehaviour, NatProbe, type NatProbeResult } from './nat-probe.ts';
export { PathMtu, type PathMtuOptions, type PathMtuOutput, udpPayload } from './path-mtu.ts';
export { type Arrival, type DemuxCounters, StunDemux } from './stun-demux.ts';
