import type { PeerStatus } from '@evio/agent/control';
import { memo } from 'preact/compat';
import { useMemo, useRef, useState } from 'preact/hooks';
import { type Order, peerRows, type SortKey } from './peer-rows.ts';
import type { Rates } from './rates.ts';
import { bytesText, PATHS, rttText } from './words.ts';

const COLUMNS: readonly (readonly [SortKey, string])[] = [
  ['name', 'Node'],
  ['address', 'Address'],
  ['role', 'Link'],
  ['path', 'Path'],
  ['rtt', 'RTT'],
  ['session', 'Session'],
];

interface Props {
  readonly overlay: string;
  readonly peers: readonly PeerStatus[];
  readonly rates: Rates;
  readonly selected: string | undefined;
  readonly onSelect: (node: string) => void;
}

/** All members. Arrow keys go from row to row, Enter opens one. */
export function PeerTable({ overlay, peers, rates, selected, onSelect }: Props) {
  const [search, setSearch] = useState('');
  const [order, setOrder] = useState<Order>({ key: 'name', descending: false });
  const rows = useMemo(() => peerRows(peers, search, order), [peers, search, order]);
  const body = useRef<HTMLTableSectionElement>(null);
  const step = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (by === 0) return;
    const buttons = [...(body.current?.querySelectorAll('button') ?? [])];
    const { activeElement } = document;
    const at = activeElement instanceof HTMLButtonElement ? buttons.indexOf(activeElement) : -1;
    buttons[at + by]?.focus();
    event.preventDefault();
  };
  const sortBy = (key: SortKey) =>
    setOrder(was => ({ key, descending: was.key === key && !was.descending }));
  const direction = order.descending ? 'descending' : 'ascending';
  return (
    <section class="peers" aria-label="Members">
      <label>
        Search{' '}
        <input
          id="search"
          type="search"
          placeholder="name, id, address, path …  ( / )"
          value={search}
          onInput={event => setSearch(event.currentTarget.value)}
          onKeyDown={step}
        />
      </label>{' '}
      <output>
        {rows.length} of {peers.length}
      </output>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              {COLUMNS.map(([key, title]) => (
                <th key={key} scope="col" aria-sort={order.key === key ? direction : 'none'}>
                  <button type="button" onClick={() => sortBy(key)}>
                    {title}
                    {order.key === key && (order.descending ? ' ↓' : ' ↑')}
                  </button>
                </th>
              ))}
              <th scope="col">In / out</th>
            </tr>
          </thead>
          <tbody ref={body} onKeyDown={step}>
            {rows.map(peer => {
              const { rx = 0, tx = 0 } = rates.get(`${overlay}/${peer.id}`) ?? {};
              return (
                <Row
                  key={peer.id}
                  id={peer.id}
                  name={peer.name}
                  address={peer.addresses[0] ?? ''}
                  role={peer.role}
                  path={peer.path.kind}
                  rtt={rttText(peer.path.rttMs)}
                  session={peer.session.state}
                  rate={`${bytesText(rx)}/s ${bytesText(tx)}/s`}
                  selected={peer.id === selected}
                  onSelect={onSelect}
                />
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface RowProps {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly role: PeerStatus['role'];
  readonly path: PeerStatus['path']['kind'];
  readonly rtt: string;
  readonly session: string;
  readonly rate: string;
  readonly selected: boolean;
  readonly onSelect: (node: string) => void;
}

/** Drawn again only when what it shows differs. */
const Row = memo((props: RowProps) => (
  <tr class={props.selected ? 'selected' : ''}>
    <th scope="row">
      <button type="button" onClick={() => props.onSelect(props.id)}>
        {props.name}
      </button>
    </th>
    <td>{props.address}</td>
    <td>{props.role}</td>
    <td>
      <span class={`key ${props.path}`}>{PATHS[props.path]}</span>
    </td>
    <td class="number">{props.rtt}</td>
    <td>{props.session}</td>
    <td class="number">{props.rate}</td>
  </tr>
));
