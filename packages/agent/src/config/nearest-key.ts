/** Edits (insert, delete, replace, swap neighbours) that turn `a` into `b`: optimal string alignment. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** `passwordFile`, `password-file` and `Password_File` all read as `password_file` does. */
function folded(key: string): string {
  return key.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/**
 * The key that was probably meant by `typo`, undefined when none is near: at most a third of it
 * mistyped, or the one part of a longer name.
 */
export function nearestKey(typo: string, keys: readonly string[]): string | undefined {
  const wanted = folded(typo);
  const ranked = keys
    .map(key => ({ key, distance: editDistance(wanted, folded(key)) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  if (best && best.distance <= Math.max(1, Math.floor(wanted.length / 3))) return best.key;
  const holding = keys.filter(key => wanted.length >= 3 && folded(key).includes(wanted));
  return holding.length === 1 ? holding[0] : undefined;
}
