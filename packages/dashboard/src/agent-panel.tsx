import type { AgentStatus, OverlayStatus } from '@evio/agent/control';
import { isAway } from './presence.ts';
import { rttText } from './words.ts';

/** Counters of what was not passed on, by their names. */
const DROP = /drop|malformed|replay|rejected|invalid|unknown|expired|limit|full|refused|mac1/i;

interface Props {
  readonly status: AgentStatus;
  readonly overlay: OverlayStatus;
  readonly onSelect: (node: string) => void;
}

/** This node, while no other is looked at: what asks for attention, and what it dropped and why. */
export function AgentPanel({ status, overlay, onSelect }: Props) {
  const relayed = overlay.peers.filter(({ path }) => path.kind === 'turn');
  const away = overlay.peers.filter(isAway).map(({ name }) => name);
  return (
    <section class="agent card" aria-label="This node">
      <h2>{status.node.name}, this node</h2>
      <p class="quiet">Choose a member on the ring or in the table to see how it is reached.</p>
      {overlay.refused.map(({ jid, message }) => (
        <p key={jid} role="alert">
          {jid}: {message}
        </p>
      ))}
      {away.length > 0 && <p>Nobody reaches: {away.join(', ')}</p>}
      <h3>Relayed pairs</h3>
      {relayed.length === 0 ? (
        <p class="quiet">None: no link of this node needs a relay.</p>
      ) : (
        <ul class="relayed">
          {relayed.map(({ id, name, path }) => (
            <li key={id}>
              <button type="button" class="link" onClick={() => onSelect(id)}>
                {name}
              </button>{' '}
              by {path.via.join(', ') || 'its relay'}, {rttText(path.rttMs)}
            </li>
          ))}
        </ul>
      )}
      <h3>Dropped since the start, by reason</h3>
      <Drops counters={status.counters} />
    </section>
  );
}

function Drops({ counters }: Pick<AgentStatus, 'counters'>) {
  const drops = Object.entries(counters).filter(([name, count]) => count > 0 && DROP.test(name));
  if (drops.length === 0) return <p class="quiet">Nothing.</p>;
  return (
    <dl>
      {drops.map(([name, count]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{count.toLocaleString()}</dd>
        </div>
      ))}
    </dl>
  );
}
