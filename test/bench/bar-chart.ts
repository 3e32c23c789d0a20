import { figure } from './matrix.ts';

/** One bar: the median, with the least and the most of all runs as a whisker. */
export interface Bar {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** What stands beside one label of the axis: one bar for each series; undefined leaves its place out. */
export interface BarGroup {
  readonly label: string;
  readonly bars: readonly (Bar | undefined)[];
}

export interface BarChart {
  readonly title: string;
  readonly unit: string;
  /** Names of the bars within a group; a single one is not named. */
  readonly series: readonly string[];
  readonly groups: readonly BarGroup[];
  /** For figures that differ by powers of ten. */
  readonly logarithmic?: boolean;
  /** Label of the group that is drawn in full colour; the others step back. */
  readonly emphasis: string;
}

const WIDTH = 720;
const LEFT = 108;
const RIGHT = 76;
const BAR = 15;
const GAP = 11;
const TOP = 40;
const LEGEND = 24;
const BOTTOM = 36;

/** Colours by scheme: a page in the dark shows the picture in the dark as well. */
const STYLE = `
text{font:13px system-ui,sans-serif;fill:#333}.title{font-size:15px;font-weight:600}.value{font-size:12px}
.unit,.tick{font-size:12px;fill:#666}.back{fill:#fff}.grid{stroke:#e4e4e4}.whisker{stroke:#222;stroke-opacity:.55}
.us0{fill:#0b6bcb}.us1{fill:#5ba4ec}.us2{fill:#a9cff5}.them0{fill:#8a8f98}.them1{fill:#b3b8bf}.them2{fill:#d6d9dd}
@media (prefers-color-scheme:dark){text{fill:#ddd}.unit,.tick{fill:#999}.back{fill:#16181c}.grid{stroke:#31353b}
.whisker{stroke:#fff}.us0{fill:#4ea1f7}.us1{fill:#2f75c0}.us2{fill:#214f82}.them0{fill:#8b919b}.them1{fill:#666c75}
.them2{fill:#484d55}}`;

/** A chart of horizontal bars, as an SVG document; readable on light and dark pages. */
export function barChart(chart: BarChart): string {
  const { title, unit, series, groups, logarithmic = false, emphasis } = chart;
  const bars = groups.flatMap(group => group.bars).filter(bar => bar !== undefined);
  const scale = scaleOf(bars, logarithmic);
  const x = (value: number) => LEFT + scale.place(value) * (WIDTH - LEFT - RIGHT);
  const top = TOP + (series.length > 1 ? LEGEND : 0);
  const parts: string[] = [];
  let y = top;
  for (const { label, bars } of groups) {
    const shades = label === emphasis ? 'us' : 'them';
    const middle = y + (bars.length * BAR) / 2 + 4;
    parts.push(text(LEFT - 8, middle, label, { anchor: 'end', bold: label === emphasis }));
    for (const [index, bar] of bars.entries()) {
      if (bar !== undefined) parts.push(...barParts(bar, x, y, `${shades}${index}`));
      y += BAR;
    }
    y += GAP;
  }
  const bottom = y - GAP + 6;
  const grid = scale.ticks.flatMap(value => [
    `<line class="grid" x1="${round(x(value))}" x2="${round(x(value))}" y1="${top - 4}" y2="${bottom}"/>`,
    text(x(value), bottom + 16, value.toLocaleString('en-US'), {
      anchor: 'middle',
      className: 'tick',
    }),
  ]);
  const height = bottom + BOTTOM - 6;
  const head = [
    text(LEFT, 24, title, { className: 'title' }),
    text(WIDTH - 8, bottom + 16, unit, { anchor: 'end', className: 'unit' }),
    ...legend(series),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${WIDTH}" height="${height}" rx="6"/>`,
    ...head,
    ...grid,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function barParts(
  { median, least, most }: Bar,
  x: (value: number) => number,
  y: number,
  shade: string,
): string[] {
  const [from, to, middle] = [round(LEFT), round(x(median)), round(y + BAR / 2)];
  const end = Math.max(x(median), x(most));
  return [
    `<rect class="${shade}" x="${from}" y="${y + 1}" width="${round(Math.max(1, to - from))}" height="${BAR - 2}"/>`,
    `<line class="whisker" x1="${round(x(least))}" x2="${round(x(most))}" y1="${middle}" y2="${middle}"/>`,
    text(end + 6, middle + 4, figure(median), { className: 'value' }),
  ];
}

function legend(series: readonly string[]): string[] {
  if (series.length < 2) return [];
  let x = LEFT;
  return series.flatMap((name, index) => {
    const at = x;
    x += 44 + name.length * 7;
    return [
      `<rect class="us${index}" x="${at}" y="${TOP - 2}" width="10" height="10"/>`,
      `<rect class="them${index}" x="${at + 12}" y="${TOP - 2}" width="10" height="10"/>`,
      text(at + 28, TOP + 7, name, { className: 'value' }),
    ];
  });
}

interface Scale {
  /** From 0 at the foot of the bars to 1 at the end of the axis. */
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

function scaleOf(bars: readonly Bar[], logarithmic: boolean): Scale {
  const most = Math.max(...bars.map(bar => bar.most));
  if (logarithmic) {
    const low = Math.floor(Math.log10(Math.min(...bars.map(bar => bar.least))));
    const high = Math.max(low + 1, Math.ceil(Math.log10(most)));
    const place = (value: number) => Math.max(0, (Math.log10(value) - low) / (high - low));
    return { place, ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)) };
  }
  const step = niceStep(most / 4);
  const high = Math.ceil(most / step) * step;
  return {
    place: value => value / high,
    ticks: Array.from({ length: Math.round(high / step) + 1 }, (_, i) => i * step),
  };
}

/** The next 1, 2 or 5 times a power of ten. */
function niceStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find(step => step * power >= value) ?? 10) * power;
}

function text(
  x: number,
  y: number,
  content: string,
  { anchor = 'start', bold = false, className = '' },
): string {
  const weight = bold ? ' font-weight="600"' : '';
  const named = className === '' ? '' : ` class="${className}"`;
  return `<text${named} x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${weight}>${escaped(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
