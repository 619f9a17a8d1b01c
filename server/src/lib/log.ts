// What every shell may say: the four levels, a message in kebab-case words and attributes.
// It must not know where lines go.

/**
 * Writes one line. `message` is a stable key (`backend-transition`); attributes are the words of the spec.
 */
export type LogLine = (message: string, attributes?: Readonly<Record<string, unknown>>) => void;

export interface Log {
  /** Whether debug lines go anywhere: what only they need is not worked out otherwise. */
  readonly isDebug: boolean;
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
}
