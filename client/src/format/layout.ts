// A report laid out as lines: columns aligned, narrow terminals respected, colour added last. Pure.
import { paint, paintCell } from './colour.ts';
import type { Block, Cell, Column, Report } from './report.ts';
import { sanitize } from './sanitize.ts';
import { cut, pad, widthOf } from './width.ts';

export interface LayoutOptions {
  /** Columns of the terminal; Infinity where nothing has to fit. */
  readonly width: number;
  readonly isColoured: boolean;
  readonly hasUnicode: boolean;
}

/** A line of output; `head` ones are not counted and stay when rows are filtered. */
export interface Line {
  readonly text: string;
  readonly isHead: boolean;
}

const gap = '  ';
const shrunkMin = 8;

export function layOut(report: Report, options: LayoutOptions): readonly Line[] {
  return report.map(sanitizeBlock).flatMap((block, index) => {
    const isApart = index > 0 && block.kind === 'title';
    const lines = layOutBlock(block, options);
    return isApart ? [{ text: '', isHead: true }, ...lines] : lines;
  });
}

function sanitizeBlock(block: Block): Block {
  const clean = (cell: Cell): Cell => ({ ...cell, text: sanitize(cell.text) });
  switch (block.kind) {
    case 'facts':
      return { ...block, facts: block.facts.map(([label, value]) => [label, clean(value)]) };
    case 'table':
      return { ...block, rows: block.rows.map((row) => row.map(clean)) };
    default:
      return { ...block, cells: block.cells.map(clean) };
  }
}

function layOutBlock(block: Block, options: LayoutOptions): readonly Line[] {
  switch (block.kind) {
    case 'facts':
      return layOutFacts(block.facts, options);
    case 'table':
      return layOutTable(block.columns, block.rows, options);
    default: {
      const text = block.cells.map((cell) => paintCell(cell, options.isColoured)).join(' ');
      return [{ text, isHead: block.kind === 'title' }];
    }
  }
}

function layOutFacts(
  facts: readonly (readonly [string, Cell])[],
  { isColoured }: LayoutOptions,
): readonly Line[] {
  const labelWidth = Math.max(0, ...facts.map(([label]) => widthOf(label)));
  return facts.map(([label, value]) => ({
    text: [paint(pad(label, labelWidth, 'left'), 'quiet', isColoured), paintCell(value, isColoured)].join(
      gap,
    ),
    isHead: false,
  }));
}

function layOutTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: LayoutOptions,
): readonly Line[] {
  const natural = columns.map(({ title }, index) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[index]?.text ?? '')), widthOf(title)),
  );
  const widths = fitWidths(columns, natural, options.width);
  const kept = columns.map((_, index) => index).filter((index) => widths[index] !== undefined);
  const layOutRow = (cells: readonly Cell[]): string =>
    kept
      .map((index, position) => {
        const { shrink = 'end', align = 'left' } = columns[index] as Column;
        const { text, tone } = cells[index] as Cell;
        const width = widths[index] as number;
        const fitted = cut(text, width, shrink, options.hasUnicode ? '…' : '~');
        const isLast = position === kept.length - 1;
        const padded = isLast && align === 'left' ? fitted : pad(fitted, width, align);
        const spaces = padded.length - padded.trimStart().length;
        // Colour only the text, so that an underline or background of a theme does not fill the gap.
        const word = padded.trim();
        const painted = paint(word, tone, options.isColoured);
        return `${' '.repeat(word === '' ? 0 : spaces)}${painted}${padded.slice(spaces + word.length)}`;
      })
      .join(gap)
      .trimEnd();
  const head = layOutRow(columns.map(({ title }) => ({ text: title, tone: 'quiet' })));
  return [{ text: head, isHead: true }, ...rows.map((row) => ({ text: layOutRow(row), isHead: false }))];
}

/** Width of each column, or undefined where it is left out. First columns are dropped, then cut. */
function fitWidths(
  columns: readonly Column[],
  natural: readonly number[],
  width: number,
): readonly (number | undefined)[] {
  const widths: (number | undefined)[] = [...natural];
  const least = () =>
    total(widths.map((each, index) => (columns[index]?.shrink && each ? Math.min(each, shrunkMin) : each)));
  const droppable = columns
    .map(({ drop = 0 }, index) => ({ drop, index }))
    .filter(({ drop }) => drop > 0)
    .sort((a, b) => b.drop - a.drop);
  for (const { index } of droppable) {
    if (least() <= width) break;
    widths[index] = undefined;
  }
  const shrinkable = columns.map((_, index) => index).filter((index) => columns[index]?.shrink);
  for (;;) {
    const excess = total(widths) - width;
    const widest = shrinkable
      .filter((index) => (widths[index] ?? 0) > shrunkMin)
      .sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (excess <= 0 || widest === undefined) return widths;
    widths[widest] = (widths[widest] as number) - 1;
  }
}

function total(widths: readonly (number | undefined)[]): number {
  const kept = widths.filter((each) => each !== undefined);
  return kept.reduce((sum, each) => sum + each, 0) + gap.length * Math.max(0, kept.length - 1);
}
