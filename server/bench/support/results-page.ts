// The page of the documentation that shows results: each trial has a place in it, between two comments. Pure.
import type { Findings } from '../trial.ts';
import { cellsOf, headings } from './table.ts';

/** `page` with what a trial has found in its place; undefined where the page has no place for it. */
export function withSection(page: string, trial: string, section: string): string | undefined {
  const [begin, end] = [`<!-- measured: ${trial} -->`, `<!-- end of ${trial} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) return undefined;
  return `${page.slice(0, from + begin.length)}\n${section.trim()}\n${page.slice(to)}`;
}

/** @param stamp when, where and how long it was measured */
export function sectionText(trial: string, { figures, notes, page }: Findings, stamp: string): string {
  const rows = figures.map((figure) => cellsOf(trial, figure).slice(1));
  const table = page ?? markdownTable([headings.slice(1), ...rows]);
  return [table, '', `${stamp}`, '', ...notes.map((note) => `- ${note}`)].join('\n');
}

/** The first row is the heading; numbers stand to the left as everything else. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`.replaceAll(/ {2,}/g, ' ');
  const [heading = [], ...rest] = rows;
  return [line(heading), `|${'---|'.repeat(heading.length)}`, ...rest.map(line)].join('\n');
}
