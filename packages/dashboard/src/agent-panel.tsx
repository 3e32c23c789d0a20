import type { AgentStatus, OverlayStatus } from '@evio/agent/control';
import { isAway } from './presence.ts';

/** Counters of what was not passed on, by their names. */
const DROP = /drop|malformed|replay|rejected|invalid|unknown|expired|limit|full|refused|mac1/i;

interface Props {
  readonly status: AgentStatus;
  readonly overlay: OverlayStatus;
}

/** This node: signaling, refused accounts, what it dropped and why. */
export function AgentPanel({ status, overlay }: Props) {
  const { signaling, refused } = overlay;
  const peers = overlay.peers.filter(peer => !isAway(peer));
  const away = overlay.peers.filter(isAway).map(({ name }) => name);
  const relayed = peers.filter(({ path }) => path.kind === 'turn').length;
  const up = peers.filter(({ session }) => session.state === 'up').length;
  const drops = Object.entries(status.counters).filter(
    ([name, count]) => count > 0 && DROP.test(name),
  );
  return (
    <section class="agent" aria-label="This node">
      <p>
        Hub <strong class={`state ${signaling.state}`}>{signaling.state}</strong> as {signaling.jid}{' '}
        since {new Date(signaling.since).toLocaleTimeString()}
        {signaling.error !== undefined && `: ${signaling.error}`}
      </p>
      <p>
        {peers.length} members, {up} sessions, {relayed} relayed; {overlay.interface}{' '}
        {overlay.addresses.join(', ')}, MTU {overlay.mtu}
      </p>
      {away.length > 0 && <p>Nobody reaches: {away.join(', ')}</p>}
      {refused.map(({ jid, message }) => (
        <p key={jid} role="alert">
          {jid}: {message}
        </p>
      ))}
      <details>
        <summary>Dropped since the start, by reason</summary>
        {drops.length === 0 ? (
          <p>Nothing.</p>
        ) : (
          <dl>
            {drops.map(([name, count]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{count}</dd>
              </div>
            ))}
          </dl>
        )}
      </details>
    </section>
  );
}
