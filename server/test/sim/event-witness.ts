// What one subscriber was told, held against the record of all events: between two events nothing that it
// wanted is missing, or a resync was announced and the picture that follows is the truth. It must not know
// how the events came.
import assert from 'node:assert/strict';
import type { EventFilter } from '../../src/api/event-feed.ts';
import type { EventJson } from '../../src/api/event-schemas.ts';
import { parseEventId } from '../../src/api/event-views.ts';
import { type EventRecord, wants } from './event-record.ts';

export class EventWitness {
  readonly #record: EventRecord;
  readonly #filter: EventFilter;
  /** Behind which it continues; undefined: the picture is owed. */
  #cursor: number | undefined;
  /** It came with an id of another run, or of what was not yet: the first word must be a resync. */
  #owesResync = false;
  #picture: [backend: string, state: string][] = [];
  lastId: string | undefined;

  constructor(record: EventRecord, filter: EventFilter, lastEventId: string | undefined) {
    this.#record = record;
    this.#filter = filter;
    if (lastEventId === undefined) return;
    const { epoch, sequence } = parseEventId(lastEventId);
    if (epoch === record.epoch && sequence <= record.last) this.#cursor = sequence;
    else this.#owesResync = true;
  }

  tell(event: EventJson): void {
    if (event.kind === 'resync') {
      this.#tellResync(event);
      return;
    }
    assert.ok(!this.#owesResync, `invariant 5: ${event.kind} ${event.id} where a resync is owed`);
    const sequence = event.id === undefined ? undefined : this.#sequenceOf(event.id);
    if (event.snapshot) {
      this.#tellPicture(event, sequence);
      return;
    }
    assert.ok(sequence !== undefined, `${event.kind} without an id`);
    this.#tellLive(event, sequence);
    this.#cursor = sequence;
  }

  #tellLive(event: EventJson, sequence: number): void {
    if (event.kind === 'heartbeat') {
      if (this.#cursor !== undefined) this.#assertNothingBetween(this.#cursor, sequence);
    } else {
      assert.ok(this.#cursor !== undefined, `invariant 5: ${event.id} before the picture`);
      assert.ok(sequence > this.#cursor, `invariant 5: ${event.id} after ${this.#cursor}`);
      const recorded = this.#record.event(sequence);
      assert.ok(recorded, `invariant 5: ${event.id} never happened`);
      assert.equal(event.kind, recorded.event.kind);
      assert.ok(wants(this.#filter, recorded), `invariant 5: ${event.id} was not asked for`);
      this.#assertNothingBetween(this.#cursor, sequence - 1);
    }
  }

  /** Nothing that it wanted is left. */
  checkCaughtUp(): void {
    assert.ok(this.#cursor !== undefined, 'invariant 5: the picture never came');
    this.#assertNothingBetween(this.#cursor, this.#record.last);
  }

  #sequenceOf(id: string): number {
    const { epoch, sequence } = parseEventId(id);
    assert.equal(epoch, this.#record.epoch);
    this.lastId = id;
    return sequence;
  }

  #tellResync({ id, resync }: EventJson): void {
    assert.equal(id, undefined, 'a resync has no id');
    if (this.#cursor !== undefined) {
      assert.ok(this.#record.isGone(this.#cursor), `a resync without need: ${resync?.reason}`);
    }
    this.#owesResync = false;
    this.#cursor = undefined;
    this.#picture = [];
  }

  #tellPicture(event: EventJson, sequence: number | undefined): void {
    assert.equal(this.#cursor, undefined, 'invariant 5: a picture that nobody announced');
    if (event.backend) this.#picture.push([event.backend.backend, event.backend.transition.to]);
    if (sequence === undefined) return;
    for (const [backend, state] of this.#picture) {
      assert.equal(state, this.#record.stateOf(backend, sequence), `${backend} in the picture ${event.id}`);
    }
    this.#picture = [];
    this.#cursor = sequence;
  }

  #assertNothingBetween(cursor: number, end: number): void {
    const missing = this.#record.firstWanted(this.#filter, cursor, end);
    const what = `${missing?.event.kind} ${missing?.sequence}`;
    assert.equal(missing, undefined, `invariant 5: ${what} is missing between ${cursor} and ${end}`);
  }
}
