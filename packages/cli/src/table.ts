/** A table's column. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Least width it may be cut to when the terminal is narrow; absent: it is never cut. */
  readonly least?: number;
  /** Left out when cutting does not suffice; the greatest first. Absent: it always stays. */
  readonly leave?: number;
}

const GAP = 2;

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with this character.
const COLOR = /\x1b\[\d+m/g;

/** Columns that a text takes on a terminal. Names and addresses here have no wide characters. */
function widthOf(text: string): number {
  return [...text.replace(COLOR, '')].length;
}

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return `${[...text.replace(COLOR, '')].slice(0, Math.max(0, width - 1)).join('')}…`;
}

const LAST: Column = { title: '' };

/** Of columns side by side. */
function sumOf(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each, GAP * (widths.length - 1));
}

/**
 * Lays rows out under their titles. Columns are cut, the widest first, and where that does not
 * suffice left out, until the table fits `width` (in characters; infinite when the output is no terminal).
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string {
  const all = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) => Math.max(...all.map(row => widthOf(row[index] ?? ''))));
  const least = columns.map((column, index) =>
    Math.min(widths[index] ?? 0, column.least ?? Number.POSITIVE_INFINITY),
  );
  if (sumOf(least) > width) {
    const left = columns.reduce((most, { leave = 0 }) => Math.max(most, leave), 0);
    if (left > 0) {
      const stays = ({ leave = 0 }: Column) => leave < left;
      const kept = rows.map(row => row.filter((_, index) => stays(columns[index] ?? LAST)));
      return formatTable(columns.filter(stays), kept, width);
    }
  }
  const total = () => sumOf(widths);
  while (total() > width) {
    const spare = columns.map(
      ({ least }, index) => (widths[index] ?? 0) - (least ?? Number.POSITIVE_INFINITY),
    );
    const most = Math.max(...spare);
    if (!(most > 0)) break;
    const index = spare.indexOf(most);
    widths[index] = (widths[index] ?? 0) - 1;
  }
  return all
    .map(row =>
      columns
        .map(({ align }, index) => {
          const text = cut(row[index] ?? '', widths[index] ?? 0);
          const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(text)));
          return align === 'right' ? space + text : text + space;
        })
        .join(' '.repeat(GAP))
        .trimEnd(),
    )
    .join('\n');
}
