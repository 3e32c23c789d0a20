/** One line of a chart. */
export interface Line {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly color: 'blue' | 'orange' | 'green' | 'gray';
  /** Theory and targets are dashed, measurements are solid with dots. */
  readonly dashed?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
}

const WIDTH = 720;
const PLOT_HEIGHT = 320;
const LEFT = 64;
const RIGHT = 28;
const TITLE = 50;
const LEGEND_LINE = 20;
const BOTTOM = 56;
type Ink = Line['color'] | 'back' | 'text' | 'grid' | 'axis';

const LIGHT: Record<Ink, string> = {
  back: '#ffffff',
  text: '#24292f',
  grid: '#d8dee4',
  axis: '#6e7781',
  blue: '#0969da',
  orange: '#bc4c00',
  green: '#1a7f37',
  gray: '#6e7781',
};
const DARK: Record<Ink, string> = {
  back: '#0d1117',
  text: '#e6edf3',
  grid: '#30363d',
  axis: '#8b949e',
  blue: '#58a6ff',
  orange: '#f0883e',
  green: '#3fb950',
  gray: '#8b949e',
};

/** Written out without CSS variables, which not every viewer knows. */
function inks({ back, text, ...strokes }: Record<Ink, string>): string {
  const rules = Object.entries(strokes).map(
    ([name, color]) => `.${name}{stroke:${color}}circle.${name}{fill:${color}}`,
  );
  return `.back{fill:${back}}text{fill:${text}}${rules.join('')}`;
}

/** Readers choose a dark page or a light one; the picture follows. */
const STYLE =
  'text{font:13px system-ui,sans-serif}.title{font-size:16px;font-weight:600}' +
  'polyline,.key{fill:none;stroke-width:2}.dashed{stroke-dasharray:6 5}' +
  `${inks(LIGHT)}@media(prefers-color-scheme:dark){${inks(DARK)}}`;

/** A line chart over a logarithmic x axis, as an SVG document. */
export function lineChart({ title, xLabel, yLabel, lines }: Chart): string {
  const all = lines.flatMap(({ points }) => points);
  const xs = all.map(([x]) => Math.log10(x));
  const [least, most] = [Math.min(...xs), Math.max(...xs)];
  const top = niceCeiling(Math.max(...all.map(([, y]) => y)));
  const ceiling = TITLE + lines.length * LEGEND_LINE + 8;
  const floor = ceiling + PLOT_HEIGHT;
  const height = floor + BOTTOM;
  const x = (value: number) =>
    round(LEFT + ((Math.log10(value) - least) / (most - least)) * (WIDTH - LEFT - RIGHT));
  const y = (value: number) => round(floor - (value / top) * PLOT_HEIGHT);
  const middle = (ceiling + floor) / 2;
  const parts: string[] = [
    `<rect class="back" width="${WIDTH}" height="${height}" rx="6"/>`,
    `<text class="title" x="${LEFT}" y="26">${escaped(title)}</text>`,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${height - 12}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text transform="translate(18 ${middle}) rotate(-90)" text-anchor="middle">${escaped(yLabel)}</text>`,
  ];
  const steps = stepsUpTo(top);
  for (let step = 0; step <= steps; step += 1) {
    const value = (top * step) / steps;
    const at = y(value);
    parts.push(
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/>`,
      `<text x="${LEFT - 8}" y="${at + 4}" text-anchor="end">${round(value)}</text>`,
    );
  }
  for (const value of new Set(all.map(([at]) => at))) {
    const at = x(value);
    parts.push(
      `<line class="axis" x1="${at}" x2="${at}" y1="${floor}" y2="${floor + 5}"/>`,
      `<text x="${at}" y="${floor + 20}" text-anchor="middle">${value.toLocaleString('en')}</text>`,
    );
  }
  lines.forEach(({ label, points, color, dashed = false }, index) => {
    const look = dashed ? `${color} dashed` : color;
    const path = points.map(([px, py]) => `${x(px)},${y(py)}`).join(' ');
    const at = TITLE + index * LEGEND_LINE;
    parts.push(
      `<polyline class="${look}" points="${path}"/>`,
      `<line class="key ${look}" x1="${LEFT}" x2="${LEFT + 28}" y1="${at}" y2="${at}"/>`,
      `<text x="${LEFT + 36}" y="${at + 4}">${escaped(label)}</text>`,
    );
    if (dashed) return;
    for (const [px, py] of points) {
      parts.push(`<circle class="${color}" cx="${x(px)}" cy="${y(py)}" r="3.5"/>`);
    }
  });
  const size = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">\n<title>${escaped(title)}</title>\n<style>${STYLE}</style>\n${parts.join('\n')}\n</svg>\n`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The next 1, 1.5, 2, 2.5, 3, 4, 5, 6 or 8 times a power of ten. */
function niceCeiling(value: number): number {
  const wanted = value * 1.02;
  const power = 10 ** Math.floor(Math.log10(wanted));
  return ([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find(step => step * power >= wanted) ?? 10) * power;
}

/** In how many steps the y axis is parted, so that each is a round number. */
function stepsUpTo(top: number): number {
  const leading = round(top / 10 ** Math.floor(Math.log10(top)));
  return leading === 4 || leading === 8 ? 4 : leading === 3 || leading === 6 ? 6 : 5;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
