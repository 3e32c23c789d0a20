import type { AgentStatus, OverlayStatus, PeerStatus } from '@evio/agent/control';
import { dropRows, signalingRows } from './counters.ts';
import { Facts } from './facts.tsx';
import { rttText } from './words.ts';

interface Props {
  readonly status: AgentStatus;
  readonly overlay: OverlayStatus;
  readonly onSelect: (node: string) => void;
}

/** This node, while no other is looked at: what asks for attention, and what it dropped and why. */
export function AgentPanel({ status, overlay, onSelect }: Props) {
  const relayed = overlay.peers.filter(({ reachable, path }) => reachable && path.kind === 'turn');
  const unreached = overlay.peers.filter(({ reachable }) => !reachable);
  return (
    <section class="agent card" aria-label="This node">
      <h2>{status.node.name}, this node</h2>
      <p class="quiet">Choose a member on the ring or in the table to see how it is reached.</p>
      {overlay.refused.map(({ jid, message }) => (
        <p key={jid} role="alert">
          {jid}: {message}
        </p>
      ))}
      {unreached.length > 0 && (
        <>
          <h3>Not reached</h3>
          <Members peers={unreached} onSelect={onSelect} />
        </>
      )}
      <h3>Relayed pairs</h3>
      {relayed.length === 0 ? (
        <p class="quiet">None: no link of this node needs a relay.</p>
      ) : (
        <Members
          peers={relayed}
          onSelect={onSelect}
          tell={({ path }) => ` by ${path.via.join(', ') || 'its relay'}, ${rttText(path.rttMs)}`}
        />
      )}
      {status.cni && <Pods cni={status.cni} />}
      <h3>Hub</h3>
      <Facts rows={hubFacts(status, overlay)} />
      <h3>Dropped since the start, by reason</h3>
      <Drops counters={status.counters} />
    </section>
  );
}

interface MembersProps {
  readonly peers: readonly PeerStatus[];
  readonly onSelect: (node: string) => void;
  /** What stands behind a member's name. */
  readonly tell?: (peer: PeerStatus) => string;
}

/** Members to choose from. */
function Members({ peers, onSelect, tell }: MembersProps) {
  return (
    <ul class="members">
      {peers.map(peer => (
        <li key={peer.id}>
          <button type="button" class="link" onClick={() => onSelect(peer.id)}>
            {peer.name}
          </button>
          {tell?.(peer)}
        </li>
      ))}
    </ul>
  );
}

function Drops({ counters }: Pick<AgentStatus, 'counters'>) {
  const rows = dropRows(counters);
  return rows.length === 0 ? <p class="quiet">Nothing.</p> : <Facts rows={rows} />;
}

/** The connection to the XMPP server, and what it and the servers it names have brought. */
function hubFacts(status: AgentStatus, { signaling, keysAgreed }: OverlayStatus) {
  const { host, srflx, relay } = status.candidates;
  return [
    ['Account', `${signaling.jid}, ${signaling.state}`],
    ['Addresses offered', `${host} of this host, ${srflx} mapped by NATs, ${relay} at relays`],
    ['Keys agreed', keysAgreed.toLocaleString()],
    ...signalingRows(status.counters),
  ] as const;
}

/** Where the CNI plugin is in use: the pods on this host. */
function Pods({ cni }: { readonly cni: NonNullable<AgentStatus['cni']> }) {
  const { addresses, pods, problem, ranges } = cni;
  return (
    <>
      <h3>Pods on this host</h3>
      <Facts
        rows={[
          ['Range', ranges.join(', ') || (problem ?? '–')],
          ['Addresses', `${addresses.taken} of ${addresses.size} taken`],
        ]}
      />
      <ul class="pods">
        {pods.map(pod => (
          <li key={`${pod.containerId} ${pod.ifName}`}>
            {pod.pod ?? pod.containerId.slice(0, 12)}: {pod.addresses.join(', ')}
          </li>
        ))}
      </ul>
    </>
  );
}
