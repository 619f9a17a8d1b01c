// A terminal's screen as an SVG picture: `tmux capture-pane -p -e` on standard input, the picture on standard
// output. Knows the escape sequences that maglevt uses: 256 colours, bold, resets.

const cellWidth = 8.4;
const lineHeight = 18;
const margin = 12;
const ground = '#16181d';
const ink = '#d0d0d0';

interface Style {
  readonly colour: string;
  readonly ground: string | undefined;
  readonly bold: boolean;
}
const plain: Style = { colour: ink, ground: undefined, bold: false };

/** Of the 256-colour set: the cube and the greys; the first 16 are left to the ink. */
function hexOf(index: number): string {
  if (index >= 232) return `#${(8 + (index - 232) * 10).toString(16).padStart(2, '0').repeat(3)}`;
  if (index < 16) return ink;
  const level = (part: number) => (part === 0 ? 0 : 55 + part * 40);
  const parts = [Math.floor((index - 16) / 36), Math.floor((index - 16) / 6) % 6, (index - 16) % 6];
  return `#${parts.map((part) => level(part).toString(16).padStart(2, '0')).join('')}`;
}

function restyle(style: Style, codes: readonly number[]): Style {
  const [code, kind, index = 0, ...rest] = codes;
  if (code === undefined) return style;
  if ((code === 38 || code === 48) && kind === 5) {
    const changed = code === 38 ? { colour: hexOf(index) } : { ground: hexOf(index) };
    return restyle({ ...style, ...changed }, rest);
  }
  const next = codes.slice(1);
  if (code === 0) return restyle(plain, next);
  if (code === 1) return restyle({ ...style, bold: true }, next);
  if (code === 22) return restyle({ ...style, bold: false }, next);
  if (code === 39) return restyle({ ...style, colour: ink }, next);
  if (code === 49) return restyle({ ...style, ground: undefined }, next);
  return restyle(style, next);
}

const escapeXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0');

let style = plain;
let columns = 0;

function drawRun(text: string, column: number, row: number): string {
  const x = margin + column * cellWidth;
  const y = margin + row * lineHeight;
  const width = text.length * cellWidth;
  const height = `height="${lineHeight}"`;
  const back = style.ground
    ? `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" ${height} fill="${style.ground}"/>`
    : '';
  if (text.trim() === '') return back;
  const weight = style.bold ? ' font-weight="bold"' : '';
  const place = `x="${x.toFixed(1)}" y="${y + 13}" textLength="${width.toFixed(1)}"`;
  return `${back}<text ${place} fill="${style.colour}"${weight}>${escapeXml(text)}</text>`;
}

function drawLine(line: string, row: number): string {
  let column = 0;
  let drawn = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  for (const [part, codes] of line.matchAll(/\x1b\[([0-9;]*)m|[^\x1b]+/g)) {
    if (codes !== undefined) {
      style = restyle(style, codes === '' ? [0] : codes.split(';').map(Number));
      continue;
    }
    drawn += drawRun(part, column, row);
    column += part.length;
  }
  columns = Math.max(columns, column);
  return drawn;
}

const pieces: Buffer[] = [];
for await (const piece of process.stdin) pieces.push(piece as Buffer);
const lines = Buffer.concat(pieces).toString('utf8').trimEnd().split('\n');
const body = lines.map(drawLine).filter((line) => line !== '');
const width = Math.ceil(2 * margin + columns * cellWidth);
const height = 2 * margin + lines.length * lineHeight;
const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
const fonts = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" ${size}>
<title>maglevt in a terminal</title>
<rect width="${width}" height="${height}" rx="6" fill="${ground}"/>
<g font-family="${fonts}" font-size="14" xml:space="preserve">
${body.join('\n')}
</g>
</svg>
`);
