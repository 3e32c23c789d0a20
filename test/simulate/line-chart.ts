/** One line of a chart. */
export interface Line {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly color: string;
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
const HEIGHT = 420;
const LEFT = 64;
const RIGHT = 24;
const TOP = 44;
const BOTTOM = 56;
const STYLE =
  'text{font:13px system-ui,sans-serif;fill:#333}.title{font-size:16px;font-weight:600}' +
  '.grid{stroke:#ddd}.axis{stroke:#666}';

/** A line chart over a logarithmic x axis, as an SVG document. */
export function lineChart({ title, xLabel, yLabel, lines }: Chart): string {
  const all = lines.flatMap(({ points }) => points);
  const xs = all.map(([x]) => Math.log10(x));
  const [least, most] = [Math.min(...xs), Math.max(...xs)];
  const top = niceCeiling(Math.max(...all.map(([, y]) => y)));
  const x = (value: number) =>
    LEFT + ((Math.log10(value) - least) / (most - least)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const parts: string[] = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text class="title" x="${LEFT}" y="24">${escaped(title)}</text>`,
    `<text x="${WIDTH / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text transform="translate(18 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">${escaped(yLabel)}</text>`,
  ];
  for (let step = 0; step <= 5; step += 1) {
    const value = (top * step) / 5;
    const at = round(y(value));
    parts.push(`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/>`);
    parts.push(`<text x="${LEFT - 8}" y="${at + 4}" text-anchor="end">${round(value)}</text>`);
  }
  for (const value of new Set(all.map(([at]) => at))) {
    const at = round(x(value));
    parts.push(
      `<line class="axis" x1="${at}" x2="${at}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM + 5}"/>`,
    );
    parts.push(`<text x="${at}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${value}</text>`);
  }
  lines.forEach((line, index) => {
    const path = line.points.map(([px, py]) => `${round(x(px))},${round(y(py))}`).join(' ');
    const dash = line.dashed ? ' stroke-dasharray="6 5"' : '';
    parts.push(
      `<polyline fill="none" stroke="${line.color}" stroke-width="2"${dash} points="${path}"/>`,
    );
    if (!line.dashed) {
      for (const [px, py] of line.points) {
        parts.push(
          `<circle cx="${round(x(px))}" cy="${round(y(py))}" r="3.5" fill="${line.color}"/>`,
        );
      }
    }
    const at = TOP + 8 + index * 20;
    parts.push(
      `<line x1="${LEFT + 12}" x2="${LEFT + 40}" y1="${at}" y2="${at}" stroke="${line.color}" stroke-width="2"${dash}/>`,
    );
    parts.push(`<text x="${LEFT + 48}" y="${at + 4}">${escaped(line.label)}</text>`);
  });
  const size = `width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">\n<style>${STYLE}</style>\n${parts.join('\n')}\n</svg>\n`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The next 1, 1.5, 2, 3, 5 or 7.5 times a power of ten, with room for the legend. */
function niceCeiling(value: number): number {
  const wanted = value * 1.25;
  const power = 10 ** Math.floor(Math.log10(wanted));
  return ([1, 1.5, 2, 3, 5, 7.5, 10].find(step => step * power >= wanted) ?? 10) * power;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
