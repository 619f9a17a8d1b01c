// Clients of the event stream in a simulated run: they come with filters, read, stall, leave, and come back
// with the last id that they saw. Each is held against a record of all events that is kept beside the
// product: invariant 5, as a subscriber sees it. It must not know how events are delivered.
import assert from 'node:assert/strict';
import { ApiError } from '../../src/api/errors.ts';
import { createEventFeeds, type EventFeeds } from '../../src/api/event-fanout.ts';
import { filterOf } from '../../src/api/event-feed.ts';
import type { EventJson, WatchRequest } from '../../src/api/event-schemas.ts';
import type { Daemon } from '../../src/daemon.ts';
import { eventKinds } from '../../src/events/event.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { eventPendingBytesMax } from '../../src/lib/limits.ts';
import type { Prng } from '../../src/lib/prng.ts';
import { EventRecord } from './event-record.ts';
import { EventWitness } from './event-witness.ts';
import { pick } from './world.ts';

const clientsMax = 5;

interface Client {
  readonly request: WatchRequest;
  readonly witness: EventWitness;
  isStalled: boolean;
  isOpen: boolean;
  read(): void;
  leave(): void;
}

/** How often there was something to look at. */
export interface ClientCounts {
  joined: number;
  resumed: number;
  told: number;
  resyncs: number;
}

export class EventClients {
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #clients = new Set<Client>();
  readonly #faults: unknown[] = [];
  readonly counts: ClientCounts = { joined: 0, resumed: 0, told: 0, resyncs: 0 };
  /** Of clients that left: some come back with it. */
  #lastIds: string[] = [];
  #record: EventRecord | undefined;
  #feeds: EventFeeds | undefined;

  constructor(clock: Clock, prng: Prng) {
    this.#clock = clock;
    this.#prng = prng;
  }

  daemonStarted({ control, events }: Daemon): void {
    this.#record = new EventRecord(events);
    this.#feeds = createEventFeeds({ control, events, clock: this.#clock });
  }

  /** One client does something. */
  step(): void {
    const clients = [...this.#clients];
    const action = this.#prng.below(6);
    if (clients.length === 0 || (action < 2 && clients.length < clientsMax)) {
      this.#join();
      return;
    }
    const client = pick(this.#prng, clients);
    if (action < 4) {
      client.isStalled = !client.isStalled;
      if (!client.isStalled) client.read();
    } else if (action === 4) this.#leave(client);
    else if (!client.isOpen) this.#leave(client);
  }

  /** Throws what a client found wrong. */
  check(): void {
    const [fault] = this.#faults;
    if (fault !== undefined) throw fault;
  }

  /** Nobody stalls any more. */
  readAll(): void {
    for (const client of this.#clients) {
      client.isStalled = false;
      client.read();
    }
  }

  /** After quiet: whoever reads has been told everything. */
  checkCaughtUp(): void {
    this.check();
    for (const { isOpen, witness } of this.#clients) if (isOpen) witness.checkCaughtUp();
  }

  /** The daemon is about to stop. */
  stop(): void {
    this.#feeds?.stop();
    for (const client of [...this.#clients]) this.#leave(client);
    assert.equal(this.#feeds?.counts().subscribers ?? 0, 0, 'invariant 7: no subscriber is left');
    this.#record?.stop();
    this.check();
  }

  #join(): void {
    const prng = this.#prng;
    const { record, feeds } = { record: this.#record, feeds: this.#feeds };
    assert.ok(record && feeds);
    const request: WatchRequest = {
      ...(prng.below(2) === 0 && { kind: eventKinds.filter(() => prng.below(2) === 0) }),
      ...(prng.below(3) === 0 && { level: pick(prng, ['debug', 'info', 'error'] as const) }),
    };
    const [invented] = [`${record.epoch}-${prng.below(5000)}`];
    const lastEventId = pick(prng, [undefined, invented, ...this.#lastIds]);
    if (lastEventId !== undefined) {
      request.lastEventId = lastEventId;
      this.counts.resumed++;
    }
    this.counts.joined++;
    const witness = new EventWitness(record, filterOf(request), lastEventId);
    const open = prng.below(2) === 0 ? openSink : openPull;
    const tell = (event: EventJson) => {
      this.counts.told++;
      if (event.kind === 'resync') this.counts.resyncs++;
      try {
        witness.tell(event);
      } catch (error) {
        this.#faults.push(error);
      }
    };
    this.#clients.add(open({ feeds, request, witness, tell, fail: (error) => this.#faults.push(error) }));
  }

  #leave(client: Client): void {
    client.leave();
    this.#clients.delete(client);
    if (client.witness.lastId !== undefined) this.#lastIds = [client.witness.lastId, ...this.#lastIds];
    this.#lastIds.length = Math.min(this.#lastIds.length, 3);
  }
}

interface Opening {
  readonly feeds: EventFeeds;
  readonly request: WatchRequest;
  readonly witness: EventWitness;
  readonly tell: (event: EventJson) => void;
  readonly fail: (error: unknown) => void;
}

/** As a browser: bytes are pushed, and pile up where they are not taken. */
function openSink({ feeds, request, witness, tell }: Opening): Client {
  let pending: Buffer[] = [];
  const client: Client = {
    request,
    witness,
    isStalled: false,
    isOpen: true,
    read() {
      const text = Buffer.concat(pending).toString();
      pending = [];
      for (const event of parseSse(text)) tell(event);
      stream.drained();
    },
    leave: () => stream.close(),
  };
  const close = () => {
    client.isOpen = false;
  };
  const stream = feeds.open(request, {
    write(bytes) {
      pending.push(bytes);
      if (!client.isStalled) for (const event of parseSse(drain())) tell(event);
    },
    // A stalled one is full at once: what piles up below the bound proves nothing.
    pendingBytes: () => (client.isStalled ? eventPendingBytesMax + 1 : 0),
    end: close,
    destroy: close,
  });
  const drain = () => {
    const text = Buffer.concat(pending).toString();
    pending = [];
    return text;
  };
  return client;
}

function parseSse(text: string): EventJson[] {
  const blocks = text.split('\n\n').filter((block) => block !== '');
  return blocks.map((block) => {
    const data = /^data: (.*)$/m.exec(block)?.[1];
    assert.ok(data !== undefined, `no data: ${block}`);
    const event = JSON.parse(data) as EventJson;
    assert.equal(/^id: (.*)$/m.exec(block)?.[1], event.id, 'the id of the block is that of its event');
    return event;
  });
}

/** As gRPC: whoever reads asks for the next one. */
function openPull({ feeds, request, witness, tell, fail }: Opening): Client {
  const abort = new AbortController();
  let wake: () => void = () => undefined;
  const client: Client = {
    request,
    witness,
    isStalled: false,
    isOpen: true,
    read: () => wake(),
    leave() {
      // A reason of its own: the default one is an error with a stack.
      abort.abort('left');
      client.isStalled = false;
      wake();
    },
  };
  const run = async () => {
    for await (const event of feeds.watch(request, abort.signal)) {
      while (client.isStalled) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
      if (!abort.signal.aborted) tell(event);
    }
  };
  run()
    .catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 'resource_exhausted') fail(error);
    })
    .finally(() => {
      client.isOpen = false;
    });
  return client;
}
