// A few backends that exist only as their states and events, for tests of feeds: what a subscriber should
// know can be worked out beside what it was told. It must not know how events are delivered.
import assert from 'node:assert/strict';
import type { EventJson } from '../../src/api/event-schemas.ts';
import type { PictureSource } from '../../src/api/event-views.ts';
import { parseEventId } from '../../src/api/event-views.ts';
import type { LogLevel, NumberedEvent } from '../../src/events/event.ts';
import { createEventLog, type EventLog } from '../../src/events/event-log.ts';
import type { BackendState } from '../../src/health/backend-health.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';

export interface EventModel {
  readonly clock: FakeClock;
  readonly events: EventLog;
  readonly control: PictureSource & { isStarted(): boolean };
  /** Every event that has a number, from 1 on. */
  readonly appended: readonly NumberedEvent[];
  stateOf(backend: string): BackendState;
  /** The backend goes from up to down, or back. */
  flip(backend: number): void;
  log(level: LogLevel): void;
}

export function createEventModel(backendCount = 3): EventModel {
  const clock = createFakeClock();
  const events = createEventLog(clock, 'e1');
  const appended: NumberedEvent[] = [];
  const names = Array.from({ length: backendCount }, (_, index) => `b${index}`);
  const states = new Map<string, BackendState>(names.map((name) => [name, 'up']));
  const stateOf = (name: string) => states.get(name) ?? 'unknown';
  const facts = { sinceMs: clock.wallMs(), code: 'L7OK', detail: 'HTTP 200' } as const;
  const append = (event: NumberedEvent['event']) => {
    const numbered = events.append(event);
    if (numbered) appended.push(numbered);
  };
  return {
    clock,
    events,
    appended,
    stateOf,
    control: {
      isStarted: () => true,
      checker: () => ({ snapshots: () => names.map((name) => ({ name, state: stateOf(name), ...facts })) }),
      config: () => ({ frontends: new Map([['www', undefined]]) }),
      frontendStatus: () => ({ state: 'up' }),
      frontendSinceMs: () => clock.wallMs(),
    },
    flip(index) {
      const backend = names[index % names.length] ?? '';
      const from = stateOf(backend);
      const to = from === 'up' ? 'down' : 'up';
      states.set(backend, to);
      const transition = { from, to, atMs: clock.wallMs(), code: 'L7STS', detail: '' } as const;
      append({ kind: 'backend', backend, transition });
    },
    log: (level) => append({ kind: 'log', level, message: 'm', attributes: {} }),
  };
}

/** What a subscriber knows by what it was told; fails as soon as that cannot be. */
export interface Witness {
  readonly resyncs: number;
  /** Behind which it would continue; -1: it has no id yet. */
  readonly sequence: number;
  readonly states: ReadonlyMap<string, string>;
  /** Sequences of the events of the log since the last picture. */
  readonly live: readonly number[];
  tell(events: readonly EventJson[]): void;
}

export function createWitness(): Witness {
  const states = new Map<string, string>();
  let live: number[] = [];
  let sequence = -1;
  let resyncs = 0;
  let owesPicture = false;
  function takeId(event: EventJson): void {
    if (event.id === undefined) return;
    const next = parseEventId(event.id).sequence;
    if (event.snapshot || event.kind === 'heartbeat') {
      assert.ok(next >= sequence, `${event.kind} at ${next} after ${sequence}`);
      if (event.snapshot) live = [];
      owesPicture = false;
    } else {
      assert.ok(next > sequence, `event ${next} after ${sequence}`);
      live.push(next);
    }
    sequence = next;
  }
  function tellOne(event: EventJson): void {
    if (event.kind === 'resync') {
      resyncs++;
      owesPicture = true;
    } else if (!event.snapshot && event.kind !== 'heartbeat') {
      assert.ok(!owesPicture, 'after a resync comes the picture');
    }
    if (event.backend) {
      const { backend, transition } = event.backend;
      if (!event.snapshot && states.has(backend)) {
        assert.equal(transition.from, states.get(backend), `${event.id} ${backend}: lost or doubled`);
      }
      states.set(backend, transition.to);
    }
    takeId(event);
  }
  return {
    get resyncs() {
      return resyncs;
    },
    get sequence() {
      return sequence;
    },
    get live() {
      return live;
    },
    states,
    tell: (events) => events.forEach(tellOne),
  };
}
