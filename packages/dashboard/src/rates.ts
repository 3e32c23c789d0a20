import type { Snapshot } from '@evio/agent/snapshot';

/** Bytes per second, both ways, by `OVERLAY/ID`. */
export type Rates = ReadonlyMap<string, { readonly rx: number; readonly tx: number }>;

/** What the peers' counters grew by between two snapshots. */
export function ratesBetween(before: Snapshot | undefined, after: Snapshot): Rates {
  const seconds = before === undefined ? 0 : (Date.parse(after.at) - Date.parse(before.at)) / 1_000;
  const rates = new Map<string, { rx: number; tx: number }>();
  if (before === undefined || seconds <= 0) return rates;
  const old = peersOf(before);
  for (const [key, { rxBytes, txBytes }] of peersOf(after)) {
    const was = old.get(key);
    if (was === undefined) continue;
    // A peer that went and came counts from zero again.
    const rate = (now: number, then: number) => Math.max(0, now - then) / seconds;
    rates.set(key, { rx: rate(rxBytes, was.rxBytes), tx: rate(txBytes, was.txBytes) });
  }
  return rates;
}

/** With all members of an overlay. */
export function totalRate(rates: Rates, overlay: string): { rx: number; tx: number } {
  const total = { rx: 0, tx: 0 };
  for (const [key, { rx, tx }] of rates) {
    if (!key.startsWith(`${overlay}/`)) continue;
    total.rx += rx;
    total.tx += tx;
  }
  return total;
}

const peersOf = ({ status }: Snapshot) =>
  new Map(
    status.overlays.flatMap(({ name, peers }) =>
      peers.map(peer => [`${name}/${peer.id}`, peer] as const),
    ),
  );
