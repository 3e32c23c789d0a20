import { comparePoints, type RingPoint } from './ring-point.ts';

/** Bits of a sort key for the index; the first 32 of the id stand above them. */
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
  const keys = new Float64Array(items.length);
  for (let index = 0; index < items.length; index += 1) {
    const { high } = (items[index] as Item).point;
    keys[index] = Math.floor(high / 2 ** 20) * SHIFT + index;
  }
  keys.sort();
  const sorted: Item[] = [];
  for (const key of keys) sorted.push(items[key % SHIFT] as Item);
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
