// Curves over the number of backends as an SVG without help: small panels, both axes logarithmic, legible on
// light and dark. Pure: it must not know what the curves mean.

export interface Curve {
  readonly name: string;
  /** One per count; what is not above zero is left out. */
  readonly values: readonly number[];
}

export interface Panel {
  readonly title: string;
  readonly curves: readonly Curve[];
}

const columns = 3;
const panel = { width: 320, height: 250, left: 52, right: 78, top: 40, bottom: 38 };
const plotWidth = panel.width - panel.left - panel.right;
const plotHeight = panel.height - panel.top - panel.bottom;
const labelDistance = 13;

const style = `
  svg { font: 12px system-ui, sans-serif; }
  .page { fill: #ffffff; } text { fill: #1f2328; } .minor { fill: #59636e; } .grid { stroke: #d8dee4; }
  .curve { fill: none; stroke-width: 2; } .c0 { stroke: #0550ae; } .c1 { stroke: #bc4c00; }
  .d0, text.d0 { fill: #0550ae; } .d1, text.d1 { fill: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; } text { fill: #f0f6fc; } .minor { fill: #9198a1; } .grid { stroke: #30363d; }
    .c0 { stroke: #79c0ff; } .c1 { stroke: #ffa657; }
    .d0, text.d0 { fill: #79c0ff; } .d1, text.d1 { fill: #ffa657; }
  }`;

/** @param counts where each curve has a value, rising */
export function growthPlot(counts: readonly number[], panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / columns);
  const [width, height] = [columns * panel.width, rows * panel.height];
  const drawn = panels.map((one, index) => {
    const x = (index % columns) * panel.width;
    const y = Math.floor(index / columns) * panel.height;
    return `<g transform="translate(${x} ${y})">\n${drawPanel(counts, one).join('\n')}\n</g>`;
  });
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">
<title>maglevd by the number of backends</title>
<style>${style}
</style>
<rect class="page" width="${width}" height="${height}"/>
${drawn.join('\n')}
</svg>
`;
}

function drawPanel(counts: readonly number[], { title, curves }: Panel): readonly string[] {
  const x = scale(Math.min(...counts), Math.max(...counts), plotWidth);
  const decades = decadesOf(curves.flatMap(({ values }) => values));
  const [low = 1, high = 10] = [decades[0], decades.at(-1)];
  const y = scale(low, high, plotHeight);
  const at = (value: number) => panel.top + plotHeight - y(value);
  const lines = [label(panel.left, 22, 'font-weight="600"', title)];
  for (const decade of decades) {
    const [right, height] = [panel.left + plotWidth, round(at(decade))];
    lines.push(
      `<line class="grid" x1="${panel.left}" x2="${right}" y1="${height}" y2="${height}"/>`,
      label(panel.left - 6, height + 4, 'class="minor" text-anchor="end"', formatShort(decade)),
    );
  }
  for (const count of counts) {
    const place = round(panel.left + x(count));
    const below = panel.height - panel.bottom + 18;
    lines.push(label(place, below, 'class="minor" text-anchor="middle"', formatShort(count)));
  }
  const ends = labelPlaces(curves.map(({ values }) => at(Math.max(low, values.at(-1) ?? low))));
  for (const [index, { name, values }] of curves.entries()) {
    const points = values.flatMap((value, place) => {
      const count = counts[place] ?? 1;
      return value > 0 ? [[round(panel.left + x(count)), round(at(value))] as const] : [];
    });
    lines.push(
      `<polyline class="curve c${index}" points="${points.map((point) => point.join(',')).join(' ')}"/>`,
      ...points.map(([cx, cy]) => `<circle class="d${index}" cx="${cx}" cy="${cy}" r="3"/>`),
      label(panel.left + plotWidth + 7, round((ends[index] ?? 0) + 4), `class="d${index}"`, name),
    );
  }
  return lines;
}

/** Powers of ten around all values, at least two. */
export function decadesOf(values: readonly number[]): readonly number[] {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const low = Math.floor(Math.log10(Math.min(...positive, 1e6)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive, 1e-6))));
  return Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
}

function scale(low: number, high: number, length: number): (value: number) => number {
  const span = Math.log10(high / low);
  return (value) => (span === 0 ? 0 : (length * Math.log10(value / low)) / span);
}

/** Two labels that would cover each other are moved apart. */
function labelPlaces(wanted: readonly number[]): readonly number[] {
  const [first = 0, second] = wanted;
  if (second === undefined || Math.abs(first - second) >= labelDistance) return wanted;
  const middle = (first + second) / 2;
  const half = labelDistance / 2;
  return first <= second ? [middle - half, middle + half] : [middle + half, middle - half];
}

function formatShort(value: number): string {
  if (value >= 1000) return `${value / 1000}k`;
  return String(Number(value.toPrecision(3)));
}

function label(x: number, y: number, attributes: string, text: string): string {
  return `<text ${attributes} x="${x}" y="${y}">${escapeXml(text)}</text>`;
}

const round = (value: number) => Math.round(value * 10) / 10;

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
