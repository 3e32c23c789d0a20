import type { PeerDetail } from '@evio/agent/control';
import type { Snapshot } from '@evio/agent/snapshot';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { AgentClient, Contact } from './agent-client.ts';
import { AgentPanel } from './agent-panel.tsx';
import { NodePanel } from './node-panel.tsx';
import { PeerTable } from './peer-table.tsx';
import { type Rates, ratesBetween, totalRate } from './rates.ts';
import { type RingGraph, ringGraph } from './ring-graph.ts';
import { RingView } from './ring-view.tsx';
import { Summary } from './summary.tsx';
import { useKeys } from './use-keys.ts';
import { useTrace } from './use-trace.ts';

const CONTACTS: Readonly<Record<Contact, string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'the agent does not answer',
  full: 'too many pages read from this agent: close another one',
  refused: 'the token does not hold (any more): run "evio dashboard" again and open its URL',
};

export function App({ client }: { readonly client: AgentClient }) {
  const { snapshot, rates, contact } = useFeed(client);
  const [chosen, setChosen] = useState<string>();
  const [selected, select] = useState<string>();
  const [scene, setScene] = useState<RingGraph['scene']>('ring');

  const overlays = snapshot?.status.overlays ?? [];
  const overlay = overlays.find(({ name }) => name === chosen) ?? overlays[0];
  const topology = snapshot?.topology.find(each => each.overlay === overlay?.name);
  const peer = overlay?.peers.find(({ id }) => id === selected);
  const detail = useDetail(client, overlay?.name, peer?.id, snapshot?.at);
  const { trace, startTrace } = useTrace(client, overlay?.name, peer?.id);
  const nameOf = (id: string) => topology?.nodes.find(node => node.id === id)?.name ?? id;
  const done = typeof trace === 'object' && 'done' in trace ? trace.done : undefined;
  const coordinates = scene === 'map' ? snapshot?.coordinates : undefined;
  const graph = useMemo(
    () => overlay && topology && ringGraph(overlay, topology, { trace: done, coordinates }),
    [overlay, topology, done, coordinates],
  );
  useKeys({
    '/': () => document.getElementById('search')?.focus(),
    Escape: () => select(undefined),
    t: startTrace,
  });

  return (
    <>
      <header>
        <Logo />
        <h1>Evio</h1>
        {snapshot && <span class="node-name">{snapshot.status.node.name}</span>}
        {overlays.length > 1 ? (
          <select
            aria-label="Overlay"
            value={overlay?.name ?? ''}
            onChange={event => {
              setChosen(event.currentTarget.value);
              select(undefined);
            }}
          >
            {overlays.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        ) : (
          overlay && <span class="quiet">overlay {overlay.name}</span>
        )}
        <span role="status" class={`contact ${contact}`}>
          {CONTACTS[contact]}
        </span>
      </header>
      {snapshot && overlay && graph && (
        <main class={contact === 'live' ? '' : 'stale'}>
          <Summary
            status={snapshot.status}
            overlay={overlay}
            rate={totalRate(rates, overlay.name)}
          />
          <RingView
            graph={graph}
            mapped={snapshot.coordinates !== undefined}
            selected={selected}
            onSelect={select}
            onScene={setScene}
          />
          {peer ? (
            <NodePanel
              peer={peer}
              detail={detail}
              rate={rates.get(`${overlay.name}/${peer.id}`) ?? { rx: 0, tx: 0 }}
              trace={trace}
              nameOf={nameOf}
              onTrace={startTrace}
              onClose={() => select(undefined)}
            />
          ) : (
            <AgentPanel status={snapshot.status} overlay={overlay} onSelect={select} />
          )}
          <PeerTable
            overlay={overlay.name}
            peers={overlay.peers}
            rates={rates}
            selected={selected}
            onSelect={select}
          />
        </main>
      )}
    </>
  );
}

/** A ring with three nodes and a shortcut. */
function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <circle cx="16" cy="16" r="11" />
      <path d="M16 5Q20 17 7 22" />
      <circle class="dot" cx="16" cy="5" r="4" />
      <circle class="dot" cx="25.5" cy="21.5" r="4" />
      <circle class="dot" cx="6.5" cy="21.5" r="4" />
    </svg>
  );
}

function useFeed(client: AgentClient) {
  const [state, setState] = useState<{ snapshot?: Snapshot; rates: Rates }>({ rates: new Map() });
  const [contact, setContact] = useState<Contact>('connecting');
  // Not an effect after the first paint: the snapshot is what takes long.
  useLayoutEffect(() => {
    const gone = new AbortController();
    const take = (snapshot: Snapshot) =>
      setState(before => ({ snapshot, rates: ratesBetween(before.snapshot, snapshot) }));
    void client.follow(take, setContact, gone.signal);
    return () => gone.abort();
  }, [client]);
  return { ...state, contact };
}

/** What the agent knows of the node that is looked at, asked again with each snapshot. */
function useDetail(
  client: AgentClient,
  overlay: string | undefined,
  node: string | undefined,
  at: string | undefined,
): PeerDetail | undefined {
  const [detail, setDetail] = useState<PeerDetail>();
  const question = `${overlay} ${node}`;
  const present = useRef(question);
  present.current = question;
  useEffect(() => {
    if (overlay === undefined || node === undefined) return;
    // On a slow way an answer comes after the next snapshot: it is for the same question.
    const take = (answer: PeerDetail | undefined) => {
      if (present.current === question) setDetail(answer);
    };
    client.examine(overlay, node).then(take, () => take(undefined)); // it has left in the meantime
  }, [client, question, at]);
  return detail?.id === node && detail?.overlay === overlay ? detail : undefined;
}
