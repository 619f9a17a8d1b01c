// Remembers each frontend's last derived state, so that a change of it becomes an event with a time.
// It derives nothing itself and decides nothing: `statusOf` is handed in.
import type { FrontendState } from '../health/frontend-state.ts';
import type { Clock } from '../lib/clock.ts';
import type { BackendEvent, FrontendEvent } from './event.ts';

export interface FrontendWatch {
  /** Looks at the named frontends again and appends what changed. */
  update(names: Iterable<string>, cause?: BackendEvent): void;
  /**
   * Makes the watched set exactly `names`, and looks at each; a new one starts silently in its present state.
   */
  retain(names: Iterable<string>): void;
  /** Wall time since which the frontend has been in its state. */
  sinceMs(name: string): number | undefined;
}

export interface FrontendWatchOptions {
  readonly clock: Clock;
  readonly stateOf: (frontend: string) => FrontendState | undefined;
  readonly emit: (event: FrontendEvent) => void;
}

export function createFrontendWatch({ clock, stateOf, emit }: FrontendWatchOptions): FrontendWatch {
  const last = new Map<string, { state: FrontendState; sinceMs: number }>();

  function look(name: string, cause?: BackendEvent): void {
    const state = stateOf(name);
    if (state === undefined) return;
    const known = last.get(name);
    if (known?.state === state) return;
    const atMs = clock.wallMs();
    last.set(name, { state, sinceMs: atMs });
    if (known === undefined) return;
    const { backend, transition } = cause ?? {};
    const reason =
      backend !== undefined && transition !== undefined
        ? { cause: { backend, state: transition.to, code: transition.code } }
        : {};
    emit({ kind: 'frontend', frontend: name, from: known.state, to: state, atMs, ...reason });
  }

  return {
    update(names, cause) {
      for (const name of names) look(name, cause);
    },
    retain(names) {
      const wanted = new Set(names);
      for (const name of last.keys()) if (!wanted.has(name)) last.delete(name);
      for (const name of wanted) look(name);
    },
    sinceMs: (name) => last.get(name)?.sinceMs,
  };
}
