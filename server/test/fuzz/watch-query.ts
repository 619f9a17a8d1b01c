// Fuzzes what subscribers of events ask for: ids and queries of the stream, and the feed that they lead to.
// As a program: node server/test/fuzz/watch-query.ts [--seconds 60] [--seed 1]
import assert from 'node:assert/strict';
import { ApiError } from '../../src/api/errors.ts';
import { EventFeed, filterOf } from '../../src/api/event-feed.ts';
import type { WatchRequest } from '../../src/api/event-schemas.ts';
import { encodeSse, readWatchQuery } from '../../src/api/event-text.ts';
import { eventKinds, logLevels } from '../../src/events/event.ts';
import { createPrng, type Prng } from '../../src/lib/prng.ts';
import { createEventModel, createWitness, type EventModel } from '../support/event-model.ts';
import { mutate } from '../support/mutation.ts';
import { runAsProgram, runFor } from './run-for.ts';

const pick = <T>(prng: Prng, items: readonly T[]): T => items[prng.below(items.length)] as T;
const ids = ['e1-0', 'e1-5', 'e1-9999999999999999', 'e0-3', 'e1-', '-1', 'e1--1', 'e1-1e3', '', 'e1-5,e1-6'];
const words = [...eventKinds, ...logLevels, 'backend,frontend', 'heartbeat', '__proto__', 'backend,', ','];
const names = ['kind', 'level', 'lastEventId', 'lasteventid', '__proto__', 'constructor', ''];

function spoil(prng: Prng, text: string): string {
  if (prng.below(3) > 0 || text === '') return text;
  return Buffer.from(mutate(prng, Buffer.from(text), 1 + prng.below(3))).toString('latin1');
}

const drawWord = (prng: Prng) => spoil(prng, pick(prng, prng.below(2) === 0 ? ids : words));

function drawQuery(prng: Prng): Record<string, unknown> {
  const entries = Array.from({ length: prng.below(4) }, () => {
    const value = prng.below(4) === 0 ? [drawWord(prng), drawWord(prng)] : drawWord(prng);
    return [spoil(prng, pick(prng, names)), value] as const;
  });
  return Object.fromEntries(entries);
}

/** What a subscriber of this is told, told whole and with nothing doubled. */
function assertServed(prng: Prng, model: EventModel, request: WatchRequest): void {
  const feed = new EventFeed(model);
  const filter = filterOf(request);
  const witness = createWitness();
  let place = feed.begin(request.lastEventId);
  for (let turn = 0; turn < 12; turn++) {
    const portion = feed.pull(place, filter, 1 + prng.below(4));
    witness.tell(portion.events);
    for (const event of portion.events)
      assert.match(encodeSse(event), /^(id: [\w-]+\n)?event: \w+\ndata: .*\n\n$/);
    place = portion.place;
    if (prng.below(3) === 0) model.flip(prng.below(3));
  }
}

/** One execution; throws at a finding. */
export function fuzzWatchOnce(seed: number): void {
  const prng = createPrng(seed);
  const header = prng.below(2) === 0 ? undefined : drawWord(prng);
  let request: WatchRequest;
  try {
    request = readWatchQuery(drawQuery(prng), header);
  } catch (error) {
    assert.ok(error instanceof ApiError && error.code === 'invalid_argument', String(error));
    assert.ok(error.faults.length > 0);
    return;
  }
  for (const kind of request.kind ?? []) assert.ok(eventKinds.includes(kind));
  const model = createEventModel();
  for (let count = 0; count < 6; count++) model.flip(prng.below(3));
  assertServed(prng, model, request);
}

/** Runs for a time; gives the number of executions. Throws at the first finding, with its seed. */
export function fuzzWatch(firstSeed: number, seconds: number): number {
  return runFor('watch-query', { firstSeed, seconds }, fuzzWatchOnce);
}

if (import.meta.main) await runAsProgram('watch-query', fuzzWatch);
