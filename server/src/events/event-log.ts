// The one ordered log of events: the sole writer of event numbers, with a bounded ring for those who come
// late. Readers hold a cursor and pull, so a slow reader costs nothing here; it is told to resync when its
// place is gone. Debug lines come by the thousand where probes are logged, and would push everything else
// out of the ring: they have a number, and a place in it, only while somebody asks for them.
import type { Clock } from '../lib/clock.ts';
import { eventRingAgeMsMax, eventRingCountMax } from '../lib/limits.ts';
import type { MaglevEvent, NumberedEvent } from './event.ts';

/** What a reader gets: events after its cursor, or word that some of them are gone. */
export type EventRead =
  | { readonly t: 'events'; readonly events: readonly NumberedEvent[]; readonly cursor: number }
  | { readonly t: 'resync'; readonly cursor: number };

export interface EventLog {
  /** Names this run of the log: a cursor of another epoch means nothing here. */
  readonly epoch: string;
  /** Number of the newest event; 0 before the first. */
  lastSequence(): number;
  /**
   * Appends and wakes the subscribers, in order of subscription. Undefined: a debug line that nobody wants.
   */
  append(event: MaglevEvent): NumberedEvent | undefined;
  /** Up to `countMax` events with a number above `cursor`. */
  read(cursor: number, countMax: number): EventRead;
  /** Called after each append, synchronously; a wake-up carries nothing. Returns its end. */
  subscribe(wake: () => void): () => void;
  subscriberCount(): number;
  /** From now on debug lines are kept, until the last of those who want them has ended it. */
  wantDebug(): () => void;
}

/** `epoch` must differ from run to run, e.g. the start time in base 36. */
export function createEventLog(clock: Clock, epoch: string): EventLog {
  const ring: NumberedEvent[] = [];
  let first = 0;
  let sequence = 0;
  const wakes = new Set<() => void>();
  const debugWishes = new Set<object>();

  /** Drops what is too old or too much. The array is cut in large pieces, so that an append stays cheap. */
  function trim(nowMs: number): void {
    while (ring.length - first > eventRingCountMax) first++;
    while (first < ring.length && (ring[first]?.atMs ?? 0) < nowMs - eventRingAgeMsMax) first++;
    if (first > eventRingCountMax) {
      ring.splice(0, first);
      first = 0;
    }
  }

  return {
    epoch,
    lastSequence: () => sequence,
    append(event) {
      if (event.kind === 'log' && event.level === 'debug' && debugWishes.size === 0) return undefined;
      sequence++;
      const numbered: NumberedEvent = { sequence, atMs: clock.wallMs(), event };
      ring.push(numbered);
      trim(numbered.atMs);
      for (const wake of wakes) wake();
      return numbered;
    },
    read(cursor, countMax) {
      if (cursor > sequence || cursor < 0) return { t: 'resync', cursor: sequence };
      if (cursor === sequence) return { t: 'events', events: [], cursor };
      const oldest = ring[first]?.sequence ?? sequence + 1;
      if (cursor + 1 < oldest) return { t: 'resync', cursor: sequence };
      const start = first + (cursor + 1 - oldest);
      const events = ring.slice(start, start + countMax);
      return { t: 'events', events, cursor: events.at(-1)?.sequence ?? cursor };
    },
    subscribe(wake) {
      const own = () => wake();
      wakes.add(own);
      return () => {
        wakes.delete(own);
      };
    },
    subscriberCount: () => wakes.size,
    wantDebug() {
      const wish = {};
      debugWishes.add(wish);
      return () => void debugWishes.delete(wish);
    },
  };
}
