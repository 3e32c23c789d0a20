import type { PeerDetail } from '@evio/agent/control';
import { rttText } from './words.ts';

type Pair = PeerDetail['pairs'][number];

const STATES: Readonly<Record<Pair['state'], string>> = {
  succeeded: 'works',
  'in-progress': 'is tried',
  waiting: 'waits',
  failed: 'failed',
};
const TYPES: Readonly<Record<Pair['local']['type'], string>> = {
  host: 'host',
  srflx: 'mapped by a NAT',
  prflx: 'seen by the peer',
  relay: 'relay',
};
const ORDER = Object.keys(STATES);

/** The pair in use, then what works, then the rest. */
const inOrder = (pairs: readonly Pair[]) =>
  [...pairs].sort(
    (a, b) =>
      Number(b.selected) - Number(a.selected) || ORDER.indexOf(a.state) - ORDER.indexOf(b.state),
  );

/** What ICE has tried (RFC 8445), and what came of it: why the path is this one. */
export function CandidatePairs({ detail: { offered, pairs } }: { readonly detail: PeerDetail }) {
  return (
    <>
      <h3>ICE candidates</h3>
      <p class="quiet">
        {pairs.length === 0
          ? 'No pairs: there is no link of its own to it.'
          : `${pairs.length} pairs, ${pairs.filter(({ state }) => state === 'succeeded').length} work.`}{' '}
        This node offers {offered.map(({ endpoint, type }) => `${endpoint} (${type})`).join(', ')}.
      </p>
      <ul class="pairs">
        {inOrder(pairs).map(({ state, selected, relayed, rttMs, local, remote }) => (
          <li key={`${local.endpoint} ${remote.endpoint}`} class={selected ? 'selected' : state}>
            <span class="ends">
              <span title={TYPES[local.type]}>{local.endpoint}</span> –{' '}
              <span title={TYPES[remote.type]}>{remote.endpoint}</span>
            </span>
            <small>
              {local.type} – {remote.type}
              {relayed && ', relayed'}; {selected ? 'in use' : STATES[state]}
              {rttMs !== null && `, ${rttText(rttMs)}`}
            </small>
          </li>
        ))}
      </ul>
    </>
  );
}
