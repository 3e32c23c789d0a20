import type { PeerStatus } from '@evio/agent/control';
import { memo } from 'preact/compat';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Order, peerRows, type SortKey } from './peer-rows.ts';
import type { Rates } from './rates.ts';
import { rowWindow, scrollTo } from './row-window.ts';
import { bytesText, pathText, rttText } from './words.ts';

const COLUMNS: readonly (readonly [SortKey, string])[] = [
  ['name', 'Node'],
  ['address', 'Address'],
  ['role', 'Link'],
  ['path', 'Path'],
  ['rtt', 'RTT'],
  ['session', 'Session'],
];
/** By how many rows a key moves the focus. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 10,
  PageUp: -10,
  End: Number.POSITIVE_INFINITY,
  Home: Number.NEGATIVE_INFINITY,
};
/** Pixels, as in the style sheet. */
const ROW_HEIGHT = 34;

interface Props {
  readonly overlay: string;
  readonly peers: readonly PeerStatus[];
  readonly rates: Rates;
  readonly selected: string | undefined;
  readonly onSelect: (node: string) => void;
}

/** All members; only the rows in view are in the document. Arrow keys go from row to row. */
export function PeerTable({ overlay, peers, rates, selected, onSelect }: Props) {
  const [search, setSearch] = useState('');
  const [order, setOrder] = useState<Order>({ key: 'name', descending: false });
  const rows = useMemo(() => peerRows(peers, search, order), [peers, search, order]);
  const { scroller, height, top, setTop } = useScroll();
  const { first, end } = rowWindow(rows.length, top, height, ROW_HEIGHT);
  const focus = useRowFocus(scroller, rows, setTop);
  const sortBy = (key: SortKey) =>
    setOrder(was => ({ key, descending: was.key === key && !was.descending }));
  const unreached = peers.filter(({ reachable }) => !reachable).length;
  const direction = order.descending ? 'descending' : 'ascending';
  return (
    <section class="peers card" aria-label="Members">
      <div class="bar">
        <h2>Members</h2>
        <input
          id="search"
          type="search"
          aria-label="Search"
          placeholder="Search name, id, address, path …  ( / )"
          value={search}
          onInput={event => {
            setSearch(event.currentTarget.value);
            scroller.current?.scrollTo({ top: 0 });
          }}
          onKeyDown={focus.step}
        />
        <output>
          {rows.length} of {peers.length}
          {unreached > 0 && `, ${unreached} not reached`}
        </output>
      </div>
      <div class="scroll" ref={scroller} onScroll={event => setTop(event.currentTarget.scrollTop)}>
        <table aria-rowcount={rows.length + 1}>
          <thead>
            <tr aria-rowindex={1}>
              {COLUMNS.map(([key, title]) => (
                <th
                  key={key}
                  class={key}
                  scope="col"
                  aria-sort={order.key === key ? direction : 'none'}
                >
                  <button type="button" onClick={() => sortBy(key)}>
                    {title}
                    {order.key === key && (order.descending ? ' ↓' : ' ↑')}
                  </button>
                </th>
              ))}
              <th class="rate" scope="col">
                In / out
              </th>
            </tr>
          </thead>
          <tbody onKeyDown={focus.step}>
            <Gap rows={first} />
            {rows.slice(first, end).map((peer, index) => {
              const { rx = 0, tx = 0 } = rates.get(`${overlay}/${peer.id}`) ?? {};
              return (
                <Row
                  key={peer.id}
                  id={peer.id}
                  index={first + index}
                  name={peer.name}
                  address={peer.addresses[0] ?? ''}
                  role={peer.role}
                  reachable={peer.reachable}
                  path={peer.reachable ? peer.path.kind : 'none'}
                  pathText={pathText(peer)}
                  rtt={rttText(peer.path.rttMs)}
                  session={peer.session.state}
                  rate={`${bytesText(rx)}/s · ${bytesText(tx)}/s`}
                  selected={peer.id === selected}
                  onSelect={onSelect}
                />
              );
            })}
            <Gap rows={rows.length - end} />
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Takes the place of rows that are out of view. */
function Gap({ rows }: { readonly rows: number }) {
  return rows === 0 ? null : <tr class="gap" style={{ height: `${rows * ROW_HEIGHT}px` }} />;
}

/** How far the rows are scrolled, and how high what shows them is; in pixels. */
function useScroll() {
  const scroller = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(0);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => setHeight(element.clientHeight));
    watch.observe(element);
    setHeight(element.clientHeight);
    return () => watch.disconnect();
  }, []);
  return { scroller, height, top, setTop };
}

/** Moves the focus by arrow keys, also to rows that are not in the document yet. */
function useRowFocus(
  scroller: { readonly current: HTMLDivElement | null },
  rows: readonly PeerStatus[],
  setTop: (top: number) => void,
) {
  /** Where the focus goes once the row is drawn. */
  const wanted = useRef<number | undefined>(undefined);
  useEffect(() => {
    const button = rowButton(scroller.current, wanted.current);
    if (button === undefined) return;
    wanted.current = undefined;
    button.focus({ preventScroll: true });
  });
  const step = useCallback(
    (event: KeyboardEvent) => {
      const by = STEPS[event.key];
      const element = scroller.current;
      if (by === undefined || element === null || rows.length === 0) return;
      if (event.target instanceof HTMLInputElement && Math.abs(by) > 1) return;
      event.preventDefault();
      const at = Number(document.activeElement?.closest('tr')?.dataset['index'] ?? -1);
      const next = Math.max(0, Math.min(rows.length - 1, at + by));
      const head = element.querySelector('thead')?.clientHeight ?? 0;
      const top = scrollTo(next, element.scrollTop, element.clientHeight - head, ROW_HEIGHT);
      element.scrollTop = top;
      wanted.current = next;
      const button = rowButton(element, next);
      if (button === undefined) return setTop(top);
      wanted.current = undefined;
      button.focus({ preventScroll: true });
    },
    [scroller, rows, setTop],
  );
  return { step };
}

const rowButton = (element: HTMLElement | null, index: number | undefined) =>
  element?.querySelector<HTMLButtonElement>(`tr[data-index="${index}"] button`) ?? undefined;

interface RowProps {
  readonly id: string;
  readonly index: number;
  readonly name: string;
  readonly address: string;
  readonly role: PeerStatus['role'];
  readonly reachable: boolean;
  readonly path: PeerStatus['path']['kind'];
  readonly pathText: string;
  readonly rtt: string;
  readonly session: string;
  readonly rate: string;
  readonly selected: boolean;
  readonly onSelect: (node: string) => void;
}

/** Drawn again only when what it shows differs. */
const Row = memo((props: RowProps) => (
  <tr
    class={`${props.selected ? 'selected' : ''} ${props.reachable ? '' : 'unreached'}`}
    data-index={props.index}
    aria-rowindex={props.index + 2}
  >
    <th class="name" scope="row">
      <button type="button" onClick={() => props.onSelect(props.id)}>
        {props.name}
      </button>
    </th>
    <td class="address">{props.address}</td>
    <td class="role">{props.role}</td>
    <td class="path">
      <span class={`key ${props.path}`}>{props.pathText}</span>
    </td>
    <td class="rtt">{props.rtt}</td>
    <td class="session">{props.session}</td>
    <td class="rate">{props.rate}</td>
  </tr>
));
