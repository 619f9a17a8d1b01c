// What a command is: its line, its help and what it does. Types only.
import type { Api } from '../api/api.ts';
import type { MaglevEvent } from '../api/shapes.ts';
import type { Report, View } from '../format/report.ts';
import type { Values } from '../shell/expand.ts';
import type { Declared } from '../shell/grammar.ts';

/** What was typed, in full words. */
export interface Asked {
  readonly values: Values;
  readonly given: ReadonlySet<string>;
}

export interface Result {
  /** The REST body, as `-o json` prints it. */
  readonly body: unknown;
  readonly report: (view: View) => Report;
  /** The daemon answered, and the answer is no: exit code 1. */
  readonly isRefused?: boolean;
}

/** Asks once and shows the answer; `show` commands may be asked again with --watch. */
export interface AskCommand extends Declared {
  readonly kind: 'show' | 'change';
  readonly run: (api: Api, asked: Asked, signal: AbortSignal) => Promise<Result>;
  /** Only asks for the version: that can be on its way before anything else is loaded. */
  readonly isPrepared?: true;
}
/** Shows events until it is told to stop. */
export interface StreamCommand extends Declared {
  readonly kind: 'stream';
  readonly request: (asked: Asked) => {
    readonly kind?: readonly string[];
    readonly level?: string;
  };
  readonly wants: (asked: Asked, event: MaglevEvent) => boolean;
  /** Cells of one event. */
  readonly report: (event: MaglevEvent, view: View) => Report;
}
/** Needs no daemon: gives a text, or ends the shell. */
export interface LocalCommand extends Declared {
  readonly kind: 'local';
  readonly run: (asked: Asked) => Promise<string>;
}
export interface QuitCommand extends Declared {
  readonly kind: 'quit';
}
export type Command = AskCommand | StreamCommand | LocalCommand | QuitCommand;
