/** What passes by itself, and is no news alone. */
const PASSING: ReadonlySet<string> = new Set(['at', 'ageSeconds', 'rssBytes']);

/**
 * Whether anything happened between two snapshots. Looks no further than the first difference, and
 * makes no text of them: that took most of a second's work for the feed.
 */
export function isNews(before: unknown, after: unknown): boolean {
  if (before === after) return false;
  if (!isObject(before) || !isObject(after)) return true;
  if (Array.isArray(before) && Array.isArray(after)) {
    return (
      before.length !== after.length || after.some((item, index) => isNews(before[index], item))
    );
  }
  const names = Object.keys(after);
  return (
    names.length !== Object.keys(before).length ||
    names.some(name => !PASSING.has(name) && isNews(before[name], after[name]))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
