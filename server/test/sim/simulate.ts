// The real daemon on a simulated world: faults, operators, reloads and restarts drawn from a seed, and the
// invariants of the house asked after every step. The same seed gives the same run.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { createDaemon, type Daemon } from '../../src/daemon.ts';
import type { LogLevel } from '../../src/events/event.ts';
import type { EventLog } from '../../src/events/event-log.ts';
import type { Log } from '../../src/lib/log.ts';
import { createPrng, type Prng } from '../../src/lib/prng.ts';
import type { BackendAction } from '../../src/overrides/actions.ts';
import { listOverrides } from '../../src/overrides/overrides.ts';
import type { Prober } from '../../src/probes/prober.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createFakeDataplane } from '../support/fake-dataplane.ts';
import { type Behaviour, createFakeNetwork } from '../support/fake-network.ts';
import { createFakeVpp } from '../support/fake-vpp.ts';
import { takeApiStep } from './api-clients.ts';
import { FakeFile } from './config-file.ts';
import { type ClientCounts, EventClients } from './event-clients.ts';
import { watchReads } from './final-exam.ts';
import { checkInvariants, checkQuiet, observe, readEvents, watch } from './invariants.ts';
import { LbWitness } from './lb-witness.ts';
import { checkOverridesAfterReload } from './override-invariants.ts';
import { createWatchedProber } from './probers.ts';
import { type StepKind, stepKinds, type World } from './state.ts';
import { checkSameOperations } from './vpp-invariants.ts';
import { takeVppStep } from './vpp-steps.ts';
import { createFakeDisk, createFileModel, editFile, fileValue, pick } from './world.ts';

export interface SimulationResult {
  readonly seed: number;
  readonly simulatedMinutes: number;
  readonly steps: number;
  readonly transitions: number;
  readonly lateProbes: number;
  /** How often there was something to look at in VPP. */
  readonly seen: LbWitness['seen'];
  readonly clients: ClientCounts;
  /** How often each step and behaviour was drawn. */
  readonly drawn: ReadonlyMap<string, number>;
  /** What happened, as text: equal for equal seeds. */
  readonly digest: string;
}

type Counts = Pick<World, 'cursor' | 'transitions' | 'lateProbes' | 'stalledMs' | 'wishes' | 'story'>;

const silence = () => undefined;

/** Lines go nowhere but into the events. */
function createEventLogLines(events: EventLog): Log {
  const line =
    (level: LogLevel) =>
    (message: string, attributes: Readonly<Record<string, unknown>> = {}) =>
      void events.append({ kind: 'log', level, message, attributes });
  return { isDebug: false, debug: silence, info: line('info'), warn: line('warn'), error: line('error') };
}

/** Runs `minutes` of simulated time; throws with the first broken invariant. */
export async function simulate(seed: number, minutes: number): Promise<SimulationResult> {
  const world = await createWorld(seed);
  const startMs = world.clock.nowMs();
  let steps = 0;
  while (world.clock.nowMs() - startMs < minutes * 60_000) {
    const kind = drawStep(world);
    world.story.push(`${Math.round(world.clock.nowMs())} ${kind}`);
    count(world, kind);
    await takeStep(world, kind);
    checkInvariants(world);
    steps++;
  }
  await checkQuiet(world);
  // A restart costs real time: not in every run.
  if (seed % 4 === 0) await checkSameOperations(world, () => restart(world));
  await stopDaemon(world);
  return {
    seed,
    simulatedMinutes: (world.clock.nowMs() - startMs) / 60_000,
    steps,
    transitions: world.transitions,
    lateProbes: world.lateProbes,
    seen: world.witness.seen,
    clients: world.clients.counts,
    drawn: world.drawn,
    digest: [...world.story, ...world.vpp.mutations].join('\n'),
  };
}

async function createWorld(seed: number): Promise<World> {
  const prng = createPrng(seed);
  const clock = createFakeClock();
  const network = createFakeNetwork(clock);
  const model = createFileModel(prng);
  const file = new FakeFile(fileValue(model));
  const disk = createFakeDisk();
  const vpp = createFakeVpp(clock);
  vpp.delayMs = 1;
  const weights = stepKinds.map((kind) => [kind, drawWeight(prng, kind)] as const);
  const partial = {
    prng,
    clock,
    network,
    model,
    file,
    disk,
    vpp,
    witness: new LbWitness(clock, vpp),
    clients: new EventClients(clock, prng),
    ill: new Set<string>(),
    drawn: new Map<string, number>(),
    starts: new Map<string, number[]>(),
    probers: new Set<Prober>(),
    reads: { unread: 0 },
    tags: new Map(),
    strangeAnswers: [],
    weights,
    behaviours: new Map<string, Behaviour>(),
  };
  const counts = { cursor: 0, transitions: 0, lateProbes: 0, stalledMs: 0, wishes: 0, story: [] };
  const daemon = await startDaemon(partial);
  const world: World = { ...partial, ...counts, daemon, unwatch: silence };
  world.unwatch = watch(world);
  // Well, but so slow that a stall of ours often meets their probes under way.
  for (const { address } of model.backends.values()) {
    const behaviour: Behaviour = { t: 'alive', afterMs: prng.below(200) };
    world.behaviours.set(address, behaviour);
    network.set(address, behaviour);
  }
  return world;
}

/** A restart costs real time, and routes of the API most of all: they are built in some of the runs only. */
function drawWeight(prng: Prng, kind: StepKind): number {
  const weight = prng.below(3) === 0 ? 0 : prng.next() ** 3;
  if (kind === 'api') return prng.below(6) === 0 ? weight : 0;
  return kind === 'restart' ? weight / 6 : weight;
}

async function startDaemon(world: Omit<World, 'daemon' | 'unwatch' | keyof Counts>): Promise<Daemon> {
  const result = await world.file.read();
  assert.ok(result.ok, `the simulated file is valid: ${JSON.stringify(result)}`);
  const daemon = await createDaemon({
    clock: world.clock,
    prng: createPrng(world.prng.below(2 ** 32)),
    config: result.config,
    readConfig: () => world.file.read(),
    createLog: createEventLogLines,
    createStore: () => world.disk.createStore(),
    createProber: () => createWatchedProber(world),
    createDataplane: () => watchReads(createFakeDataplane(world.clock, world.vpp), world.reads),
  });
  world.witness.daemonStarted(daemon);
  world.clients.daemonStarted(daemon);
  return daemon;
}

function count({ drawn }: World, what: string): void {
  drawn.set(what, (drawn.get(what) ?? 0) + 1);
}

function drawStep({ prng, weights }: World): StepKind {
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  let at = prng.next() * total;
  for (const [kind, weight] of weights) {
    at -= weight;
    if (at < 0) return kind;
  }
  return 'quiet';
}

/** Every step takes some time: a run that draws only one kind of step comes to its end all the same. */
async function takeStep(world: World, kind: StepKind): Promise<void> {
  const { prng, clock, disk, file, model } = world;
  switch (kind) {
    case 'quiet':
      return clock.advance(prng.below(20_000));
    case 'fault':
      drawFault(world);
      return clock.advance(prng.below(4000));
    case 'operator':
      await operate(world);
      return clock.advance(prng.below(2000));
    case 'reload':
      for (let i = 0; i <= prng.below(3); i++) editFile(prng, model);
      file.write(fileValue(model));
      await reload(world);
      return clock.advance(prng.below(2000));
    case 'bad-reload':
      await reloadBroken(world);
      return clock.advance(prng.below(500));
    case 'stall': {
      const stallMs = 20 + prng.below(4000);
      world.stalledMs += stallMs;
      clock.stall(stallMs);
      return clock.advance(prng.below(500));
    }
    case 'wall-jump':
      clock.jumpWall(prng.below(7_200_000) - 3_600_000);
      return clock.advance(prng.below(500));
    case 'restart':
      await restart(world);
      // Long enough, often, for the warm-up to have its way undisturbed.
      return clock.advance(prng.below(pick(prng, [2000, 15_000])));
    case 'disk':
      disk.full = prng.below(2) === 0;
      return clock.advance(prng.below(500));
    case 'client':
      world.clients.step();
      return clock.advance(prng.below(3000));
    case 'burst':
      drawBurst(world);
      return clock.advance(prng.below(4000));
    case 'api':
      for (let i = 0; i <= prng.below(4); i++) await takeApiStep(world);
      return clock.advance(prng.below(2000));
    default:
      return takeVppStep(world, kind);
  }
}

async function reload({ daemon, witness }: World): Promise<void> {
  const before = listOverrides(daemon.control.overrides());
  witness.touched();
  await daemon.reload();
  witness.forgive();
  checkOverridesAfterReload(before, daemon);
}

/** Whatever an operator was told is done is still so afterwards. */
async function restart(world: World): Promise<void> {
  const before = listOverrides(world.daemon.control.overrides());
  await stopDaemon(world);
  world.daemon = await startDaemon(world);
  world.unwatch = watch(world);
  world.cursor = 0;
  const after = listOverrides(world.daemon.control.overrides());
  for (const entry of before) {
    assert.ok(
      after.some((other) => isDeepStrictEqual(other, entry)),
      `the restart lost ${JSON.stringify(entry)}`,
    );
  }
}

function drawFault(world: World): void {
  const { address } = pick(world.prng, [...world.model.backends.values()]);
  befall(world, address, drawBehaviour(world.prng));
}

/** A cable, a switch or a rack: many backends at once, and all of them back at once. */
function drawBurst(world: World): void {
  const { prng, model } = world;
  const behaviour = drawBehaviour(prng);
  const isAll = prng.below(2) === 0;
  for (const { address } of model.backends.values()) {
    if (isAll || prng.below(2) === 0) befall(world, address, behaviour);
  }
}

function drawBehaviour(prng: Prng): Behaviour {
  return pick<Behaviour>(prng, [
    { t: 'alive', afterMs: prng.below(50) },
    // Still within every timeout that is drawn; under way long enough to meet a stall of ours.
    { t: 'alive', afterMs: prng.below(200) },
    { t: 'refusing' },
    { t: 'status', status: 503, afterMs: prng.below(100) },
    { t: 'closing', afterMs: prng.below(2000) },
    { t: 'silent' },
    { t: 'exhausted' },
  ]);
}

function befall(world: World, address: string, behaviour: Behaviour): void {
  const { network, behaviours, ill } = world;
  count(world, `backend ${behaviour.t}`);
  if (behaviour.t !== 'alive') ill.add(address);
  behaviours.set(address, behaviour);
  network.set(address, behaviour);
}

async function operate({ prng, daemon, model, disk, witness }: World): Promise<void> {
  witness.touched();
  const name = prng.below(20) === 0 ? 'nobody' : pick(prng, [...model.backends.keys()]);
  const action = pick<BackendAction>(prng, ['pause', 'resume', 'disable', 'enable']);
  const { control } = daemon;
  const before = observe(daemon);
  const lastBefore = daemon.events.lastSequence();
  const result = await control.changeBackend(name, action, { by: 'sim' });
  if (!result.ok) {
    assert.deepEqual(observe(daemon), before, 'a refused action changes nothing');
    const { events } = daemon;
    const read = events.read(lastBefore, events.lastSequence());
    assert.ok(read.t === 'events' && read.events.every(({ event }) => event.kind === 'log'), name);
    const expected = disk.full
      ? ['unavailable', 'failed-precondition', 'not-found']
      : ['failed-precondition', 'not-found'];
    assert.ok(expected.includes(result.refusal.code), result.refusal.message);
  }
}

/** Invariant 8: a refused configuration leaves every observable as it was. */
async function reloadBroken(world: World): Promise<void> {
  const { daemon, file, prng, model } = world;
  file.break(prng);
  const before = observe(daemon);
  const { result } = await daemon.reload();
  assert.equal(result.ok, false);
  assert.deepEqual(observe(daemon), before, 'invariant 8: a refused configuration changes nothing');
  file.write(fileValue(model));
}

/** Invariant 7: nothing is left after stop. */
async function stopDaemon(world: World): Promise<void> {
  const { daemon, clock, network } = world;
  readEvents(world);
  for (const { stats } of daemon.control.checker().snapshots()) world.lateProbes += stats.lateCount;
  world.unwatch();
  world.clients.stop();
  await daemon.stop();
  assert.equal(clock.pendingTimerCount(), 0, 'invariant 7: no timer is left');
  assert.equal(network.inFlightTotal(), 0, 'invariant 7: no probe is left');
  assert.equal(world.probers.size, 0, 'invariant 7: no prober is left');
  assert.equal(daemon.events.subscriberCount(), 0, 'invariant 7: no subscriber is left');
}
