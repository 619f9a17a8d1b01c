// Every event of one run of the daemon, taken down at the moment it is appended: what subscribers are held
// against. It must not know subscribers.
import assert from 'node:assert/strict';
import type { EventFilter } from '../../src/api/event-feed.ts';
import { logLevels, type NumberedEvent } from '../../src/events/event.ts';
import type { EventLog } from '../../src/events/event-log.ts';

export class EventRecord {
  readonly #events: EventLog;
  readonly #all: NumberedEvent[] = [];
  readonly #unsubscribe: () => void;

  /** From the first event on: what was appended before this is read now. */
  constructor(events: EventLog) {
    this.#events = events;
    this.#take();
    this.#unsubscribe = events.subscribe(() => this.#take());
  }

  get epoch(): string {
    return this.#events.epoch;
  }

  get last(): number {
    return this.#all.length;
  }

  stop(): void {
    this.#unsubscribe();
  }

  event(sequence: number): NumberedEvent | undefined {
    return this.#all[sequence - 1];
  }

  /** The first event behind `cursor` and up to `end` that such a subscriber is to be told. */
  firstWanted(filter: EventFilter, cursor: number, end: number): NumberedEvent | undefined {
    return this.#all.slice(Math.max(0, cursor), end).find((event) => wants(filter, event));
  }

  /** Whether events behind `cursor` are no longer kept, or never were. */
  isGone(cursor: number): boolean {
    return this.#events.read(cursor, 1).t === 'resync';
  }

  /** State of a backend after the event of this number. */
  stateOf(backend: string, sequence: number): string {
    for (let at = sequence; at > 0; at--) {
      const event = this.#all[at - 1]?.event;
      if (event?.kind === 'backend' && event.backend === backend) {
        const { to } = event.transition;
        // Gone and come back, perhaps under another address: nothing is known of it.
        return to === 'removed' ? 'unknown' : to;
      }
    }
    return 'unknown';
  }

  #take(): void {
    const read = this.#events.read(this.#all.length, Number.MAX_SAFE_INTEGER);
    assert.equal(read.t, 'events', 'invariant 5: the newest event can be read');
    if (read.t !== 'events') return;
    for (const event of read.events) {
      assert.equal(event.sequence, this.#all.length + 1, 'invariant 5: event numbers rise by one');
      this.#all.push(event);
    }
  }
}

/** As the API says it, once more. */
export function wants({ kinds, level }: EventFilter, { event }: NumberedEvent): boolean {
  if (!kinds.has(event.kind)) return false;
  return event.kind !== 'log' || logLevels.indexOf(event.level) >= logLevels.indexOf(level);
}
