// How the screen is divided: pure arithmetic that the view draws by and the keys scroll by.
import type { Model, Screen } from './model.ts';

export interface Layout {
  /** Lines that one VIP takes: 1 or 2. */
  readonly linesPerVip: number;
  /** VIPs that fit. */
  readonly vipsShown: number;
  /** Lines of the panel with its title. */
  readonly panelLines: number;
  /** The strip and the tally stand in the VIP's own line. */
  readonly wide: boolean;
}

/** From here on all of a VIP fits into one line. */
const wideColumns = 170;
/** Head and column names above, keys below. */
const fixedLines = 3;

export function layoutOf({ columns, rows, panel, dense }: Screen): Layout {
  const wide = columns >= wideColumns;
  const linesPerVip = wide || dense ? 1 : 2;
  const free = rows - fixedLines;
  const wanted = panel === 'errors' ? Math.floor(rows / 4) : Math.floor(rows / 2);
  const panelLines = Math.max(2, Math.min(wanted, panel === 'errors' ? 16 : 30, free - linesPerVip));
  return {
    linesPerVip,
    wide,
    panelLines,
    vipsShown: Math.max(1, Math.floor((free - panelLines) / linesPerVip)),
  };
}

/** The same, with the cursor inside the table and the table filled. */
export function withinTable({ screen, vips }: Pick<Model, 'screen' | 'vips'>): Screen {
  const last = Math.max(0, vips.length - 1);
  const cursor = Math.min(Math.max(0, screen.cursor), last);
  const { vipsShown } = layoutOf(screen);
  const lowest = Math.max(0, vips.length - vipsShown);
  const top = Math.min(Math.max(screen.top, cursor - vipsShown + 1), cursor, lowest);
  return { ...screen, cursor, top: Math.max(0, top) };
}
