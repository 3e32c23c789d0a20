import type { PeerStatus, Trace } from '@evio/agent/control';
import { bytesText, PATHS, REASONS, rttText, whyPath } from './words.ts';

/** A trace that was asked for: under way, failed with a message, or done. */
export type TraceState = 'asking' | { readonly failed: string } | { readonly done: Trace };

interface Props {
  readonly peer: PeerStatus;
  readonly rate: { readonly rx: number; readonly tx: number };
  readonly trace: TraceState | undefined;
  readonly onTrace: () => void;
  readonly onClose: () => void;
}

/** All that is known of one member. */
export function NodePanel({ peer, rate, trace, onTrace, onClose }: Props) {
  const { path, session } = peer;
  const rows: readonly (readonly [string, string])[] = [
    ['Id', peer.id],
    ['Account', peer.jid],
    ['Addresses', peer.addresses.join(', ') || '–'],
    ['Link', peer.role],
    ['Path', `${PATHS[path.kind]}. ${whyPath(peer)}`],
    ['Candidates in use', `${path.local ?? '–'} → ${path.remote ?? '–'}`],
    ['Through', path.via.join(', ') || '–'],
    ['Round trip', rttText(path.rttMs)],
    ['Path MTU', path.mtu === null ? '–' : `${path.mtu} bytes`],
    [
      'Session',
      session.state === 'up'
        ? `up, ${session.cipher ?? ''}, keys ${session.ageSeconds ?? 0} s old`
        : session.state,
    ],
    ['Received', `${bytesText(peer.rxBytes)} (${bytesText(rate.rx)}/s)`],
    ['Sent', `${bytesText(peer.txBytes)} (${bytesText(rate.tx)}/s)`],
  ];
  return (
    <section class="node card" aria-label={`Node ${peer.name}`}>
      <h2>{peer.name}</h2>
      <p class="actions">
        <button type="button" onClick={onTrace}>
          Trace <kbd>t</kbd>
        </button>
        <button type="button" onClick={onClose}>
          Close <kbd>Esc</kbd>
        </button>
      </p>
      <TraceResult trace={trace} />
      <dl>
        {rows.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function TraceResult({ trace }: { readonly trace: TraceState | undefined }) {
  if (trace === undefined) return null;
  if (trace === 'asking') return <p role="status">Tracing …</p>;
  if ('failed' in trace) return <p role="alert">{trace.failed}</p>;
  const { hops, target } = trace.done;
  return (
    <div class="trace" role="status">
      <ol>
        {hops.map(({ id, name, path, rttMs, reason }) => (
          <li key={id}>
            {name}: {PATHS[path.kind]}, {rttText(rttMs)} ({REASONS[reason]})
          </li>
        ))}
      </ol>
      {hops.at(-1)?.id !== target.id && <p>No answer from further on.</p>}
    </div>
  );
}
