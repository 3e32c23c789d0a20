import type { AgentStatus, OverlayStatus, PeerStatus } from '@evio/agent/control';
import type { ComponentChildren } from 'preact';
import type { PathKind } from './ring-graph.ts';
import { bytesText, PATHS } from './words.ts';

const KINDS: readonly PathKind[] = ['direct', 'turn', 'overlay', 'none'];

interface Props {
  readonly status: AgentStatus;
  readonly overlay: OverlayStatus;
  /** Of all of them, bytes per second. */
  readonly rate: { readonly rx: number; readonly tx: number };
}

/** The overlay at a glance. */
export function Summary({ status, overlay, rate }: Props) {
  const { signaling } = overlay;
  const peers = overlay.peers.filter(({ reachable }) => reachable);
  const unreached = overlay.peers.length - peers.length;
  const sessions = peers.filter(({ session }) => session.state === 'up').length;
  return (
    <section class="summary" aria-label="At a glance">
      <Tile title="Hub">
        <strong class={`state ${signaling.state}`}>{signaling.state}</strong>
        <small>
          {signaling.jid}, since {new Date(signaling.since).toLocaleTimeString()}
        </small>
        {signaling.error !== undefined && <small role="alert">{signaling.error}</small>}
      </Tile>
      <Tile title="Members">
        <strong>{peers.length}</strong>
        <small>
          {sessions === 1 ? '1 session is up' : `${sessions} sessions are up`}
          {unreached > 0 && `, ${unreached} not reached`}
        </small>
      </Tile>
      <Tile title="Paths">
        <PathBar peers={peers} />
      </Tile>
      <Tile title="Traffic">
        <strong class="rates">
          <span>↓ {bytesText(rate.rx)}/s</span> <span>↑ {bytesText(rate.tx)}/s</span>
        </strong>
        <small>with all members</small>
      </Tile>
      <Tile title={`Interface ${overlay.interface}`}>
        <strong class="address">{overlay.addresses[0] ?? 'no address'}</strong>
        <small>
          {[...overlay.addresses.slice(1), `MTU ${overlay.mtu}`, `Evio ${status.version}`].join(
            ', ',
          )}
        </small>
      </Tile>
    </section>
  );
}

function Tile({ title, children }: { readonly title: string; children: ComponentChildren }) {
  return (
    <div class="tile card">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** How many members are reached by each kind of path. */
function PathBar({ peers }: { readonly peers: readonly PeerStatus[] }) {
  const counts = KINDS.map(kind => ({
    kind,
    count: peers.filter(({ path }) => path.kind === kind).length,
  })).filter(({ count }) => count > 0);
  return (
    <>
      <div class="path-bar" aria-hidden="true">
        {counts.map(({ kind, count }) => (
          <span key={kind} class={kind} style={{ flexGrow: count }} />
        ))}
      </div>
      <small class="counts">
        {counts.length === 0 && 'nobody yet'}
        {counts.map(({ kind, count }) => (
          <span key={kind} class={`key ${kind}`}>
            {count} {PATHS[kind]}
          </span>
        ))}
      </small>
    </>
  );
}
