// What a command has to show, as values: facts, tables and sentences, without any layout. Types, and the
// small makers that commands use. It must not know width or colour.

/** What a piece of text means to the eye. */
export type Tone = 'good' | 'idle' | 'unsure' | 'bad' | 'held' | 'off' | 'drift' | 'quiet' | 'strong';

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}
export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly align?: 'right';
  /** How it gives way on a narrow terminal: `middle` and `end` say what is left out. Absent: never. */
  readonly shrink?: 'middle' | 'end';
  /** Left out altogether on a narrow terminal, highest first. Absent: never. */
  readonly drop?: number;
}
export type Block =
  | { readonly kind: 'facts'; readonly facts: readonly (readonly [label: string, value: Cell])[] }
  | {
      readonly kind: 'table';
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly Cell[])[];
    }
  | { readonly kind: 'title'; readonly cells: readonly Cell[] }
  | { readonly kind: 'line'; readonly cells: readonly Cell[] };

export type Report = readonly Block[];

/** What a report is made with besides the answer. */
export interface View {
  /** Wall clock. */
  readonly nowMs: number;
  /** Letters beyond ASCII may be used. */
  readonly hasUnicode: boolean;
}

export function cell(value: string | number | undefined, tone?: Tone): Cell {
  const text = value === undefined ? '-' : String(value);
  const shown = value === undefined ? 'quiet' : tone;
  return shown === undefined ? { text } : { text, tone: shown };
}
export function line(...cells: readonly (Cell | string)[]): Block {
  return { kind: 'line', cells: cells.map((each) => (typeof each === 'string' ? { text: each } : each)) };
}
export function title(...cells: readonly (Cell | string)[]): Block {
  return { kind: 'title', cells: cells.map((each) => (typeof each === 'string' ? { text: each } : each)) };
}
