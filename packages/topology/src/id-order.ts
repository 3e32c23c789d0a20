import { comparePoints, type RingPoint } from './ring-point.ts';

/** Bits of a sort key for the index; as many of the id as an exact number has left. */
const INDEX_BITS = 20;
const SHIFT = 2 ** INDEX_BITS;

/**
 * Sorts by id; what has the same id keeps its order. Numbers of a typed array are sorted without a
 * call for each comparison, several times faster than objects: route tables are built often.
 *
 * @throws RangeError when there are more than 2²⁰ items.
 */
export function inIdOrder<Item extends { readonly point: RingPoint }>(
  items: readonly Item[],
): Item[] {
  if (items.length > SHIFT) throw new RangeError(`expected at most ${SHIFT}, got ${items.length}`);
  // The top 32 of the 52 bits of `high`, and the index.
  const keys = Float64Array.from(items, ({ point }, index) => {
    return Math.floor(point.high / 2 ** 20) * SHIFT + index;
  }).sort();
  const sorted = Array.from(keys, key => items[key % SHIFT] as Item);
  // Ids are hashes: hardly ever do two different ones begin with the same 32 bits.
  for (let at = 1; at < sorted.length; at += 1) {
    const item = sorted[at] as Item;
    let to = at;
    while (to > 0 && comparePoints((sorted[to - 1] as Item).point, item.point) > 0) {
      sorted[to] = sorted[to - 1] as Item;
      to -= 1;
    }
    sorted[to] = item;
  }
  return sorted;
}
