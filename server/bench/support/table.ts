// The results as an aligned table for people. Pure.
import { type Figure, type Findings, meetsBar, ratioOf } from '../trial.ts';

export interface NamedFindings extends Findings {
  readonly trial: string;
}

export const headings = ['trial', 'figure', 'measured', 'baseline', 'ratio', 'bar', 'met'] as const;

/** Three digits that mean something, never an exponent. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}

function withUnit(value: number, unit: string): string {
  return unit === '' ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
}

function barText({ bar, unit }: Figure): string {
  if (bar === undefined) return '';
  const [sign, limit] = 'max' in bar ? ['<=', bar.max] : ['>=', bar.min];
  return bar.on === 'ratio' ? `ratio ${sign} ${limit}` : `${sign} ${withUnit(limit, unit)}`;
}

/** One cell per heading, empty where there is nothing to say. */
export function cellsOf(trial: string, figure: Figure): readonly string[] {
  const { name, unit, value, baseline } = figure;
  const ratio = ratioOf(figure);
  const isMet = meetsBar(figure);
  return [
    trial,
    name,
    withUnit(value, unit),
    baseline === undefined ? '' : `${withUnit(baseline.value, unit)} (${baseline.name})`,
    ratio === undefined ? '' : ratio.toPrecision(3),
    barText(figure),
    isMet === undefined ? '' : isMet ? 'met' : 'MISSED',
  ];
}

/** Lines of the table, its headings first. */
export function tableLines(results: readonly NamedFindings[]): readonly string[] {
  const rows = [
    headings,
    ...results.flatMap(({ trial, figures }) => figures.map((figure) => cellsOf(trial, figure))),
  ];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** One line per bar that was missed. */
export function missedLines(results: readonly NamedFindings[]): readonly string[] {
  return results.flatMap(({ trial, figures }) =>
    figures
      .filter((figure) => meetsBar(figure) === false)
      .map((figure) => `BAR MISSED: ${cellsOf(trial, figure).slice(0, -1).filter(Boolean).join(', ')}`),
  );
}
