// The lines of one VIP: numbers, strip, tally. Pure. A cell is text and tone; widths are columns.
import { disagrees, type Vip, type VipState, vipName, vipState } from './model.ts';
import { openOutageMs } from './outages.ts';
import { levelTones, type Paint, type Signs, type Tone } from './paint.ts';
import { windowOkPercent, windowPercentile } from './sample-window.ts';
import type { VipStatistics } from './statistics.ts';
import { levels, readStrip } from './strip.ts';
import { readTally, type TallyShare } from './tally.ts';
import { endpointOf } from './targets.ts';
import * as text from './text.ts';

export interface Pen {
  readonly paint: Paint;
  readonly signs: Signs;
}

/** What a row is drawn with and when. */
export interface RowSetting extends Pen {
  readonly nowMs: number;
  readonly offsetMinutes: number;
}

/** Text with the columns that it takes, since escape sequences take none. */
export interface Piece {
  readonly shown: string;
  readonly width: number;
}

export function piece(pen: Pen, tone: Tone, content: string): Piece {
  return { shown: pen.paint(tone, content), width: text.widthOf(content) };
}

/** Pieces in a row as far as they fit; the first that does not is cut, colourless ones for certain. */
export function joinPieces(pieces: readonly Piece[], columns: number): string {
  let shown = '';
  let used = 0;
  for (const next of pieces) {
    if (used + next.width > columns) break;
    shown += next.shown;
    used += next.width;
  }
  return shown;
}

export const tones: Readonly<Record<VipState, Tone>> = {
  serving: 'ok',
  failing: 'error',
  recovering: 'slow',
  unknown: 'unknown',
  unprobed: 'faint',
};

interface Column {
  readonly title: string;
  readonly width: number;
  readonly cell: (vip: Vip) => readonly [tone: Tone, content: string];
}

const percentile = (share: number) => (vip: Vip) => {
  const { window } = vip.statistics;
  return ['plain', text.formatMs(windowPercentile(window, share))] as const;
};

/** Right-aligned numbers, in the order of the table. */
const numberColumns: readonly Column[] = [
  { title: 'last', width: 8, cell: ({ statistics }) => lastCell(statistics) },
  { title: 'count', width: 6, cell: ({ statistics }) => ['plain', text.formatShortCount(statistics.count)] },
  {
    title: 'fail',
    width: 6,
    cell: ({ statistics: { failures } }) => [
      failures > 0 ? 'error' : 'faint',
      text.formatShortCount(failures),
    ],
  },
  { title: 'ok%', width: 5, cell: ({ statistics: { window } }) => okCell(windowOkPercent(window)) },
  { title: 'p50 ms', width: 6, cell: percentile(0.5) },
  { title: 'p95', width: 6, cell: percentile(0.95) },
  { title: 'p99', width: 6, cell: percentile(0.99) },
  { title: 'max', width: 6, cell: percentile(1) },
];

function lastCell({ last }: VipStatistics): readonly [Tone, string] {
  if (last === undefined) return ['faint', '-'];
  if (last.verdict === 'ok') return ['ok', last.status === 0 ? 'open' : String(last.status)];
  return ['error', last.status === 0 ? last.verdict : String(last.status)];
}

function okCell(percent: number | undefined): readonly [Tone, string] {
  return [percent === undefined || percent === 100 ? 'plain' : 'error', text.formatPercent(percent)];
}

const numbersWidth = numberColumns.reduce((sum, { width }) => sum + width + 1, 0);
const endpointColumns = 112;
/** From here on the strip has a cell per second in its own line. */
const stripColumns = 110;

export interface RowPlan {
  readonly columns: number;
  readonly nameWidth: number;
  /** 0: the endpoint is not shown. */
  readonly endpointWidth: number;
  readonly daemonWidth: number;
  /** Strip and tally in the same line; 0 = they have the second line, or none. */
  readonly stripWidth: number;
}

/** Room for the tally that a wide row keeps at least. */
const tallyWidthMin = 40;

export interface RowNeed {
  readonly columns: number;
  readonly wide: boolean;
  /** There is a column for what maglevd says. */
  readonly daemon: boolean;
  /** Of the longest. */
  readonly nameWidth: number;
  readonly endpointWidth: number;
}

/** Widths that fit the screen: names get what they need, as far as it goes. */
export function planRow({ columns, wide, daemon, ...need }: RowNeed): RowPlan {
  const daemonWidth = daemon ? 9 : 0;
  const stripWidth = wide ? (columns >= 230 ? 60 : 30) : 0;
  const besides = 4 + numbersWidth + daemonWidth + (wide ? stripWidth + tallyWidthMin : 0);
  const free = columns - besides;
  const endpointWidth =
    columns >= endpointColumns ? Math.min(need.endpointWidth + 1, Math.floor(free / 2)) : 0;
  const nameWidthMax = wide && columns < 230 ? 32 : 64;
  const nameWidth = Math.max(8, Math.min(free - endpointWidth, need.nameWidth, nameWidthMax));
  return { columns, nameWidth, endpointWidth, daemonWidth, stripWidth };
}

export function headLine(plan: RowPlan, pen: Pen): string {
  const names = [
    `    ${text.padEnd('VIP', plan.nameWidth)}`,
    plan.endpointWidth > 0 ? text.padEnd(' address', plan.endpointWidth) : '',
    plan.daemonWidth > 0 ? text.padEnd(' maglevd', plan.daemonWidth) : '',
    ...numberColumns.map(({ title, width }) => ` ${text.padStart(title, width)}`),
    plan.stripWidth > 0 ? ` ${text.padEnd('last 60 s', plan.stripWidth)}  answered by` : '',
  ];
  return pen.paint('faint', text.cutEnd(names.join(''), plan.columns));
}

/** The first line; `isChosen`: the cursor is on it. */
export function rowLine(vip: Vip, plan: RowPlan, isChosen: boolean, pen: RowSetting): string {
  const state = vipState(vip);
  const sign = disagrees(vip) ? pen.signs.drift : pen.signs[state];
  const name = text.padEnd(text.cutMiddle(vipName(vip), plan.nameWidth), plan.nameWidth);
  const pieces = [
    piece(pen, 'bright', isChosen ? `${pen.signs.cursor} ` : '  '),
    piece(pen, disagrees(vip) ? 'drift' : tones[state], `${sign} `),
    piece(pen, state === 'failing' ? 'error' : 'bright', name),
  ];
  if (plan.endpointWidth > 0) {
    const endpoint = text.cutMiddle(endpointOf(vip.target), plan.endpointWidth - 1);
    pieces.push(piece(pen, 'faint', ` ${text.padEnd(endpoint, plan.endpointWidth - 1)}`));
  }
  if (plan.daemonWidth > 0) pieces.push(daemonPiece(vip, plan.daemonWidth, pen));
  if (vip.target.kind === 'none') {
    return joinPieces([...pieces, piece(pen, 'faint', ` ${vip.target.reason}`)], plan.columns);
  }
  for (const { width, cell } of numberColumns) {
    const [tone, content] = cell(vip);
    pieces.push(piece(pen, tone, ` ${text.padStart(content, width)}`));
  }
  if (plan.stripWidth > 0) {
    pieces.push(...stripPieces(vip, plan.stripWidth, pen));
    return joinPieces(
      [...pieces, ...answerPieces(vip, plan.columns - widthOfAll(pieces), pen)],
      plan.columns,
    );
  }
  return joinPieces(pieces, plan.columns);
}

function daemonPiece(vip: Vip, width: number, pen: Pen): Piece {
  const state = vip.daemonState ?? '-';
  const tone = disagrees(vip) ? 'drift' : state === 'up' ? 'ok' : state === 'down' ? 'error' : 'faint';
  return piece(pen, tone, ` ${text.padEnd(text.cutEnd(state, width - 1), width - 1)}`);
}

const widthOfAll = (pieces: readonly Piece[]) => pieces.reduce((sum, { width }) => sum + width, 0);

/** The second line of narrow screens. */
export function secondLine(vip: Vip, columns: number, pen: RowSetting): string {
  const stripWidth = columns >= stripColumns ? 60 : 30;
  const pieces = [piece(pen, 'plain', '   '), ...stripPieces(vip, stripWidth, pen)];
  return joinPieces([...pieces, ...answerPieces(vip, columns - widthOfAll(pieces), pen)], columns);
}

/** The last 60 s with a space before it; neighbours of one level share their escape sequence. */
function stripPieces(vip: Vip, width: number, pen: RowSetting): Piece[] {
  const pieces = [piece(pen, 'plain', ' ')];
  const cells = readStrip(vip.statistics.strip, pen.nowMs, width);
  let start = 0;
  for (let index = 1; index <= cells.length; index += 1) {
    const level = cells[start] ?? levels.none;
    if (index < cells.length && cells[index] === level) continue;
    pieces.push(piece(pen, levelTones[level], pen.signs.strip[level].repeat(index - start)));
    start = index;
  }
  return pieces;
}

/**
 * Who answers now, the latest outage, who answered before: as far as it fits, and how many more there are.
 */
function answerPieces(vip: Vip, columns: number, pen: RowSetting): Piece[] {
  const shares = readTally(vip.statistics.tally, pen.nowMs);
  const fresh = shares.filter(({ isFresh }) => isFresh);
  const stale = shares.filter(({ isFresh }) => !isFresh);
  const wanted = [
    ...fresh.map((share) => tallyPiece(share, pen)),
    ...outagePieces(vip, columns, pen),
    ...stale.map((share) => tallyPiece(share, pen)),
  ];
  if (widthOfAll(wanted) <= columns) return wanted;
  const room = columns - 5;
  let count = 0;
  while (count < wanted.length && widthOfAll(wanted.slice(0, count + 1)) <= room) count += 1;
  return [...wanted.slice(0, count), piece(pen, 'faint', `  +${wanted.length - count}`)];
}

/** `steady-a 48%`, in white while it gets traffic; in grey with its age once it does not. */
function tallyPiece({ value, sharePercent, isFresh, lastMs }: TallyShare, pen: RowSetting): Piece {
  const ageMs = Math.floor((pen.nowMs - lastMs) / 1000) * 1000;
  const share = isFresh ? `${Math.round(sharePercent)}%` : `${text.formatDuration(ageMs)} ago`;
  return piece(pen, isFresh ? 'bright' : 'faint', `  ${text.cutMiddle(value, 24)} ${share}`);
}

/** From here on an outage has its moment beside its length. */
const momentColumns = 48;

/** The outage that lasts, or the latest: its length, and its moment where there is room. */
function outagePieces({ statistics: { outages } }: Vip, columns: number, pen: RowSetting): Piece[] {
  const { open, past } = outages;
  const latest = past.at(-1);
  const startMs = open?.startMs ?? latest?.startMs;
  if (startMs === undefined) return [];
  const lengthMs = open ? openOutageMs(open, pen.nowMs) : (latest?.endMs ?? startMs) - startMs;
  const moment =
    columns >= momentColumns ? `${text.formatTime(startMs, pen.offsetMinutes).slice(0, 8)} ` : '';
  const content = `  out ${moment}${text.formatDuration(lengthMs)}`;
  return [piece(pen, open ? 'error' : 'slow', content)];
}
