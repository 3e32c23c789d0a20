import { type Family, placeOf } from '@evio/agent/counter-families';

/** A counter of `evio status`, as people read it. */
export type CounterRow = readonly [what: string, count: string];

/** What was not passed on or answered, by its reason; what the servers brought is not among it. */
export const dropRows = (counters: Readonly<Record<string, number>>): CounterRow[] =>
  rowsOf(counters, ({ label }) => label === 'reason');

/** What happened on the connections to the XMPP servers. */
export const signalingRows = (counters: Readonly<Record<string, number>>): CounterRow[] =>
  rowsOf(counters, ({ name }) => name === 'evio_signaling_events_total');

function rowsOf(
  counters: Readonly<Record<string, number>>,
  isIn: (family: Family) => boolean,
): CounterRow[] {
  return Object.entries(counters)
    .filter(([name, count]) => count > 0 && isIn(placeOf(name).family))
    .map(([name, count]) => [words(name), count.toLocaleString()]);
}

/** `dropUnknownIndex` is "unknown index". */
function words(counter: string): string {
  return counter
    .replace(/^(drop|signaling)(?=[A-Z])/, '')
    .replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
    .trim();
}
