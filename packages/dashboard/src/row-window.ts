/** Which rows of a long table are drawn: those in view, and a few around them. */
export interface RowWindow {
  readonly first: number;
  /** The one after the last. */
  readonly end: number;
}

const AROUND = 6;

/** Heights in pixels; `top` is how far the rows are scrolled. */
export function rowWindow(rows: number, top: number, height: number, rowHeight: number): RowWindow {
  const at = Math.floor(Math.max(0, top) / rowHeight);
  const first = Math.max(0, Math.min(at, rows) - AROUND);
  return { first, end: Math.min(rows, at + Math.ceil(height / rowHeight) + AROUND) };
}

/** How far to scroll so that the row at `index` is wholly in view. */
export function scrollTo(index: number, top: number, height: number, rowHeight: number): number {
  const [begins, ends] = [index * rowHeight, (index + 1) * rowHeight];
  if (begins < top) return begins;
  return ends > top + height ? ends - height : top;
}
