// An embedded VPP as its clients see it: binary API and stats segment on Unix sockets, over the model of the
// lb plugin. For the demo, for tests, and for contract tests beside a real VPP. It knows nothing of who
// connects.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../../lib/clock.ts';
import { simulatedConnectionsMax } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import type { Native } from '../../native.ts';
import type { Message } from '../vpp/codec.ts';
import { type Call, calls, knownMessages } from './api-calls.ts';
import { serveApi } from './api-connection.ts';
import { Faults } from './faults.ts';
import { LbModel } from './lb-model.ts';
import { VppCrash } from './retval.ts';
import { publishStats } from './stats-publisher.ts';

export interface SimulatorOptions {
  /** Needed for the stats segment alone. */
  readonly native?: Pick<Native, 'serveStats'>;
  readonly clock: Clock;
  readonly apiPath: string;
  /** Absent: there is no stats segment. */
  readonly statsPath?: string;
  readonly log?: Log;
}

/** A request that changes something, as it came in; `retval` is absent when it was the end of VPP. */
export interface Mutation {
  readonly name: string;
  readonly summary: string;
  retval?: number;
}

export interface Simulator {
  readonly apiPath: string;
  readonly statsPath: string | undefined;
  readonly model: LbModel;
  readonly faults: Faults;
  /** Everything since the start of the simulator, restarts included. */
  readonly mutations: readonly Mutation[];
  /** What killed VPP, since the start of the simulator. */
  readonly crashes: readonly string[];
  /** What VPP dropped without an answer, since the start of the simulator. */
  readonly dropped: readonly string[];
  vpePid(): number;
  connectionCount(): number;
  /** Drops all connections; VPP goes on. */
  resetConnections(): void;
  /** VPP ends: connections drop, nobody listens. */
  halt(): Promise<void>;
  /** VPP starts: empty, with another pid and other message ids. */
  resume(): Promise<void>;
  restart(): Promise<void>;
  refreshStats(): void;
  /** Leaves no connection, timer or socket file. */
  stop(): Promise<void>;
}

const statsIntervalMs = 1_000;
const garbageIntervalMs = 60_000;
/** The first 26 ids are those of memclnt.api. */
const firstFreeId = 27;
const traceCountMax = 100_000;

/** What lives as long as one VPP process. */
interface Process {
  readonly pid: number;
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
  readonly stats: ReturnType<typeof publishStats> | undefined;
  stop(): Promise<void>;
}

/** Rejects when a socket cannot be bound. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { clock, apiPath, statsPath, log } = options;
  const model = new LbModel(clock.nowMs());
  const faults = new Faults();
  const mutations: Mutation[] = [];
  const crashes: string[] = [];
  const dropped: string[] = [];
  let starts = 0;
  let current: Process | undefined;
  /** Starts and ends, one after the other. */
  let turn: Promise<void> = Promise.resolve();
  const inTurn = (step: () => Promise<void>) => {
    turn = turn.then(step);
    return turn;
  };

  const begin = async () => {
    if (current) return;
    starts++;
    if (starts > 1) model.restart(clock.nowMs());
    const number = (Math.floor(clock.wallMs()) % 997) + 61 * starts;
    current = await startProcess({
      ...options,
      model,
      faults,
      number,
      onMutation(name, summary) {
        const mutation: Mutation = { name, summary };
        if (mutations.length < traceCountMax) mutations.push(mutation);
        return (retval) => void Object.assign(mutation, { retval });
      },
      onDropped(why) {
        if (dropped.length < traceCountMax) dropped.push(why);
        log?.debug('simulator-dropped', { why });
      },
      onCrash(error) {
        if (!(error instanceof VppCrash)) throw error;
        crashes.push(error.message);
        log?.warn('simulator-crash', { why: error.message });
        drop();
        void inTurn(end).then(() => inTurn(begin));
      },
    });
  };
  const end = async () => {
    const ending = current;
    current = undefined;
    await ending?.stop();
  };
  const drop = () => {
    for (const socket of current?.sockets ?? []) socket.destroy();
  };
  await inTurn(begin);
  return {
    apiPath,
    statsPath,
    model,
    faults,
    mutations,
    crashes,
    dropped,
    vpePid: () => current?.pid ?? 0,
    connectionCount: () => current?.sockets.size ?? 0,
    resetConnections: drop,
    halt: () => inTurn(end),
    resume: () => inTurn(begin),
    restart: () => inTurn(end).then(() => inTurn(begin)),
    refreshStats: () => current?.stats?.refresh(),
    stop: () => inTurn(end),
  };
}

interface ProcessOptions extends SimulatorOptions {
  readonly model: LbModel;
  readonly faults: Faults;
  /** Another one for each process: pid and message ids follow from it. */
  readonly number: number;
  readonly onMutation: (name: string, summary: string) => (retval: number) => void;
  readonly onDropped: (why: string) => void;
  readonly onCrash: (error: Error) => void;
}

async function startProcess(options: ProcessOptions): Promise<Process> {
  const { clock, model, native, apiPath, statsPath, number } = options;
  const pid = 1_000 + number;
  const sockets = new Set<Socket>();
  const stats =
    native && statsPath !== undefined
      ? publishStats({ native, path: statsPath, model, bootMs: clock.wallMs() })
      : undefined;
  const accept = acceptor(options, pid);
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    accept(socket);
  });
  server.maxConnections = simulatedConnectionsMax;
  try {
    await once(server.listen(apiPath), 'listening');
  } catch (error) {
    stats?.close();
    throw error;
  }
  const stopTimers = [
    every(clock, statsIntervalMs, () => stats?.refresh()),
    afterChanges(clock, model, () => stats?.refreshPlaces()),
    every(clock, garbageIntervalMs, () => model.collectGarbage(clock.nowMs())),
  ];
  return {
    pid,
    server,
    sockets,
    stats,
    async stop() {
      for (const stopTimer of stopTimers) stopTimer();
      stats?.close();
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
      await promise;
    },
  };
}

/** Gives each client its index, and the table of this process's messages. */
function acceptor(options: ProcessOptions, vpePid: number): (socket: Socket) => void {
  const { clock, faults, model, number, onMutation, onDropped, onCrash } = options;
  const base = firstFreeId + number;
  const ids = new Map(knownMessages.map(({ name }, place) => [name, base + place]));
  const idOf = ({ name }: Message) => ids.get(name) ?? 0;
  const byId = new Map([...calls.values()].map((call) => [idOf(call.request), call]));
  const hidden = (name: string) => faults.missing.has(name) || faults.wrongCrcs.has(name);
  const callOf = (id: number): Call | undefined => {
    const call = byId.get(id);
    return call && !hidden(call.request.name) ? call : undefined;
  };
  const table = () =>
    knownMessages
      .filter(({ name }) => !faults.missing.has(name))
      .map((message) => ({
        id: idOf(message),
        key: faults.wrongCrcs.has(message.name) ? `${message.name}_00000bad` : message.key,
      }));
  let clients = 0;
  return (socket) => {
    clients++;
    serveApi({
      socket,
      clock,
      faults,
      clientIndex: (0x80000000 | clients) >>> 0,
      table,
      idOf,
      callOf,
      context: () => ({ model, nowMs: clock.nowMs(), vpePid }),
      onMutation,
      onDropped,
      onCrash,
    });
  };
}

/**
 * VPP's counters are there as soon as their VIP is: once for all changes of a turn, until the returned end.
 */
function afterChanges(clock: Clock, model: LbModel, fn: () => void): () => void {
  let pending: Timer | undefined;
  const unwatch = model.watch({
    changed() {
      pending ??= clock.afterIo(() => {
        pending = undefined;
        fn();
      });
    },
    flushed: () => undefined,
  });
  return () => {
    unwatch();
    pending?.cancel();
  };
}

/** Until the returned end. */
function every(clock: Clock, intervalMs: number, fn: () => void): () => void {
  let timer: Timer;
  const arm = () => {
    timer = clock.setTimer(intervalMs, () => {
      arm();
      fn();
    });
  };
  arm();
  return () => timer.cancel();
}
