import type { PeerDetail, PeerStatus } from '@evio/agent/control';
import { CandidatePairs } from './candidate-pairs.tsx';
import { Facts } from './facts.tsx';
import type { TraceState } from './trace-state.ts';
import { ageText, bytesText, PATHS, pathText, REASONS, rttText, whyPath } from './words.ts';

interface Props {
  readonly peer: PeerStatus;
  /** Comes a moment later. */
  readonly detail: PeerDetail | undefined;
  readonly rate: { readonly rx: number; readonly tx: number };
  readonly trace: TraceState | undefined;
  readonly nameOf: (node: string) => string;
  readonly onTrace: () => void;
  readonly onClose: () => void;
}

/** All that is known of one member. */
export function NodePanel({ peer, detail, rate, trace, nameOf, onTrace, onClose }: Props) {
  const { path, session } = peer;
  return (
    <section class="node card" aria-label={`Node ${peer.name}`}>
      <div class="node-bar">
        <h2>{peer.name}</h2>
        <span class={`key ${peer.reachable ? path.kind : 'none'}`}>{pathText(peer)}</span>
        <span class="actions">
          <button type="button" onClick={onTrace}>
            Trace <kbd>t</kbd>
          </button>
          <button type="button" onClick={onClose}>
            Close <kbd>Esc</kbd>
          </button>
        </span>
      </div>
      <TraceResult trace={trace} />
      <Facts
        rows={[
          ['Id', peer.id],
          ['Account', peer.jid],
          ['Addresses', peer.addresses.join(', ') || '–'],
          ['Link', peer.role === 'none' ? 'none: it is only known' : peer.role],
        ]}
      />
      <h3>Path</h3>
      <p>{whyPath(peer, nameOf)}</p>
      <Facts
        rows={[
          ['From – to', path.local && path.remote ? `${path.local} – ${path.remote}` : '–'],
          ['Through', path.via.map(nameOf).join(', ') || '–'],
          ['Round trip', rttText(path.rttMs)],
          ['Path MTU', path.mtu === null ? '–' : `${path.mtu} bytes`],
        ]}
      />
      {detail && <CandidatePairs detail={detail} />}
      <h3>Session</h3>
      <Facts
        rows={[
          [
            'Keys',
            session.state === 'up'
              ? `${session.cipher ?? ''}, ${session.ageSeconds ?? 0} s old`
              : session.state,
          ],
          ['Last heard', detail === undefined ? '…' : ageText(detail.heardMs)],
          ['Received', counted(peer.rxBytes, rate.rx, detail?.rxFrames)],
          ['Sent', counted(peer.txBytes, rate.tx, detail?.txFrames)],
          ['Passes on for others', passesOn(detail)],
        ]}
      />
      {detail && <Behind detail={detail} />}
    </section>
  );
}

function passesOn(detail: PeerDetail | undefined): string {
  if (detail === undefined) return '…';
  return detail.leaf ? 'no: it is a leaf' : 'yes';
}

function counted(bytes: number, rate: number, frames: number | undefined): string {
  const of = frames === undefined ? '' : `, ${frames.toLocaleString()} frames`;
  return `${bytesText(bytes)} (${bytesText(rate)}/s)${of}`;
}

/** Its pods, or the hosts at its bridge. */
function Behind({ detail: { devices, podRanges } }: { readonly detail: PeerDetail }) {
  if (devices.length === 0 && podRanges.length === 0) return null;
  return (
    <>
      <h3>Behind it</h3>
      <Facts
        rows={[
          ['Pod range', podRanges.join(', ') || '–'],
          ['Devices', devices.map(({ mac }) => mac).join(', ') || 'none was heard'],
        ]}
      />
    </>
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
