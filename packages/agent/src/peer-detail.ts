import type { Datapath } from '@evio/datapath';
import type { NodeRecord, PodClaim } from '@evio/session';
import type { PairReport } from '@evio/traversal';
import { type Candidate, EvioError, formatEndpoint, type NodeId } from '@evio/types';
import type { PeerDetail } from './control/index.ts';
import type { Overlay } from './overlay/overlay.ts';
import type { Peer } from './peer/peer.ts';

type ShownCandidate = Pick<Candidate, 'type' | 'endpoint'>;
type ShownPair = Pick<PairReport, 'state' | 'selected' | 'relayed' | 'rttMs'> & {
  readonly local: ShownCandidate;
  readonly remoteCandidate: ShownCandidate;
};
type ShownRecord = Pick<NodeRecord, 'mac' | 'leaf'> & {
  readonly pods?: Pick<PodClaim, 'ranges'>;
};

/** What of an overlay is looked at. */
interface ShownOverlay {
  readonly config: Pick<Overlay['config'], 'name'>;
  readonly handle: Overlay['handle'];
  readonly members: { get(id: NodeId): { readonly record: ShownRecord } | undefined };
  readonly peers: ReadonlyMap<
    NodeId,
    Pick<Peer, 'handle'> & { readonly record: ShownRecord; readonly pairs: readonly ShownPair[] }
  >;
}

/**
 * How one peer is reached, in more detail than {@link overlayStatus} has room for.
 *
 * @throws EvioError `NODE_UNKNOWN`.
 */
export function peerDetail(
  overlay: ShownOverlay,
  id: NodeId,
  datapath: Pick<Datapath, 'peerCounters' | 'macTable'>,
  underlay: { readonly candidates: readonly ShownCandidate[] },
): PeerDetail {
  const peer = overlay.peers.get(id);
  const record = overlay.members.get(id)?.record ?? peer?.record;
  const { name } = overlay.config;
  if (record === undefined) throw new EvioError('NODE_UNKNOWN', `no node ${id} in "${name}"`);
  const counters = peer && datapath.peerCounters(peer.handle);
  const behind = datapath
    .macTable(overlay.handle)
    .filter(({ mac, owner }) => owner === peer?.handle && mac !== record.mac);
  return {
    overlay: name,
    id,
    offered: underlay.candidates.map(candidate),
    pairs: (peer?.pairs ?? []).map(pair),
    heardMs: counters?.lastReceivedMs ?? null,
    rxFrames: counters?.rxFrames ?? 0,
    txFrames: counters?.txFrames ?? 0,
    leaf: record.leaf ?? false,
    podRanges: [...(record.pods?.ranges ?? [])],
    devices: behind.map(({ mac, ageSeconds }) => ({ mac, ageSeconds })),
  };
}

const candidate = ({ type, endpoint }: ShownCandidate) => ({
  type,
  endpoint: formatEndpoint(endpoint),
});

const pair = ({ state, selected, relayed, rttMs, local, remoteCandidate }: ShownPair) => ({
  state,
  selected,
  relayed,
  rttMs: rttMs ?? null,
  local: candidate(local),
  remote: candidate(remoteCandidate),
});
