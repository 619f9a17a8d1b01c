// The real daemon on a simulated world: faults, operators, reloads and restarts drawn from a seed, and the
// invariants of the house asked after every step. The same seed gives the same run.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { createDaemon, type Daemon } from '../../src/daemon.ts';
import type { NumberedEvent } from '../../src/events/event.ts';
import type { Transition } from '../../src/health/backend-health.ts';
import type { Log } from '../../src/lib/log.ts';
import { createPrng, type Prng } from '../../src/lib/prng.ts';
import type { BackendAction } from '../../src/overrides/actions.ts';
import { effectiveAdmin, listOverrides } from '../../src/overrides/overrides.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import {
  type Behaviour,
  createFakeNetwork,
  exhaustedDetail,
  type FakeNetwork,
} from '../support/fake-network.ts';
import {
  createFakeDisk,
  createFakeFile,
  createFileModel,
  editFile,
  type FakeDisk,
  type FakeFile,
  type FileModel,
  fileText,
  pick,
} from './world.ts';

/** How often each kind of step is drawn; a run switches some off and weights the rest wildly. */
const stepKinds = [
  'quiet',
  'fault',
  'operator',
  'reload',
  'bad-reload',
  'stall',
  'wall-jump',
  'restart',
  'disk',
] as const;
type StepKind = (typeof stepKinds)[number];

export interface SimulationResult {
  readonly seed: number;
  readonly simulatedMinutes: number;
  readonly steps: number;
  readonly transitions: number;
  readonly lateProbes: number;
  /** What happened, as text: equal for equal seeds. */
  readonly digest: string;
}

interface World {
  readonly prng: Prng;
  readonly clock: FakeClock;
  readonly network: FakeNetwork;
  readonly model: FileModel;
  readonly file: FakeFile;
  readonly disk: FakeDisk;
  readonly behaviours: Map<string, Behaviour>;
  readonly weights: readonly (readonly [StepKind, number])[];
  daemon: Daemon;
  unwatch: () => void;
  cursor: number;
  transitions: number;
  lateProbes: number;
  stalledMs: number;
  readonly story: string[];
}

const silence = () => undefined;
const silentLog: Log = {
  isDebug: false,
  debug: silence,
  info: silence,
  warn: silence,
  error: silence,
};

/** Runs `minutes` of simulated time; throws with the first broken invariant. */
export async function simulate(seed: number, minutes: number): Promise<SimulationResult> {
  const world = await createWorld(seed);
  const startMs = world.clock.nowMs();
  let steps = 0;
  while (world.clock.nowMs() - startMs < minutes * 60_000) {
    const kind = drawStep(world);
    world.story.push(`${Math.round(world.clock.nowMs())} ${kind}`);
    await takeStep(world, kind);
    checkInvariants(world);
    steps++;
  }
  await checkQuiet(world);
  await stopDaemon(world);
  return {
    seed,
    simulatedMinutes: (world.clock.nowMs() - startMs) / 60_000,
    steps,
    transitions: world.transitions,
    lateProbes: world.lateProbes,
    digest: world.story.join('\n'),
  };
}

async function createWorld(seed: number): Promise<World> {
  const prng = createPrng(seed);
  const clock = createFakeClock();
  const network = createFakeNetwork(clock);
  const model = createFileModel(prng);
  const file = createFakeFile(fileText(model));
  const disk = createFakeDisk();
  const weights = stepKinds.map((kind) => [kind, drawWeight(prng, kind)] as const);
  const partial = {
    prng,
    clock,
    network,
    model,
    file,
    disk,
    weights,
    behaviours: new Map<string, Behaviour>(),
  };
  const counts = { cursor: 0, transitions: 0, lateProbes: 0, stalledMs: 0, story: [] };
  const daemon = await startDaemon(partial);
  const world: World = { ...partial, ...counts, daemon, unwatch: silence };
  world.unwatch = watch(world);
  return world;
}

/** A restart costs real time, mostly in building routes that nobody calls here: it is drawn less often. */
function drawWeight(prng: Prng, kind: StepKind): number {
  const weight = prng.below(3) === 0 ? 0 : prng.next() ** 3;
  return kind === 'restart' ? weight / 10 : weight;
}

async function startDaemon(
  world: Pick<World, 'clock' | 'prng' | 'file' | 'disk' | 'network'>,
): Promise<Daemon> {
  const result = await world.file.read();
  assert.ok(result.ok, `the simulated file is valid: ${JSON.stringify(result)}`);
  return createDaemon({
    clock: world.clock,
    prng: createPrng(world.prng.below(2 ** 32)),
    config: result.config,
    readConfig: () => world.file.read(),
    createLog: () => silentLog,
    createStore: () => world.disk.createStore(),
    createProber: () => ({ prepare: world.network.prepare, close: silence }),
  });
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
      file.text = fileText(model);
      await world.daemon.reload();
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
      return clock.advance(prng.below(2000));
    case 'disk':
      disk.full = prng.below(2) === 0;
      return clock.advance(prng.below(500));
  }
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

function drawFault({ prng, model, network, behaviours }: World): void {
  const { address } = pick(prng, [...model.backends.values()]);
  const behaviour = pick<Behaviour>(prng, [
    { t: 'alive', afterMs: prng.below(50) },
    { t: 'alive', afterMs: prng.below(50) },
    { t: 'refusing' },
    { t: 'status', status: 503, afterMs: prng.below(100) },
    { t: 'closing', afterMs: prng.below(2000) },
    { t: 'silent' },
    { t: 'exhausted' },
  ]);
  behaviours.set(address, behaviour);
  network.set(address, behaviour);
}

async function operate({ prng, daemon, model, disk }: World): Promise<void> {
  const name = prng.below(20) === 0 ? 'nobody' : pick(prng, [...model.backends.keys()]);
  const action = pick<BackendAction>(prng, ['pause', 'resume', 'disable', 'enable']);
  const { control } = daemon;
  const before = observe(daemon);
  const lastBefore = daemon.events.lastSequence();
  const result = await control.changeBackend(name, action, { by: 'sim' });
  if (!result.ok) {
    assert.deepEqual(observe(daemon), before, 'a refused action changes nothing');
    assert.equal(daemon.events.lastSequence(), lastBefore);
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
  assert.deepEqual(observe(daemon), before);
  file.text = fileText(model);
}

/** Everything that can be seen of the daemon, as plain values. */
function observe({ control }: Daemon) {
  const config = control.config();
  return {
    config,
    overrides: listOverrides(control.overrides()),
    backends: control
      .checker()
      .snapshots()
      .map(({ stats, ...rest }) => ({ ...rest, results: [...stats.results] })),
    frontends: Array.from(config.frontends.keys(), (name) => ({
      status: control.frontendStatus(name),
      sinceMs: control.frontendSinceMs(name),
    })),
  };
}

function checkInvariants(world: World): void {
  const { daemon, network } = world;
  const config = daemon.control.config();
  assert.ok(network.inFlightPeak() <= 1, 'invariant 3: at most one probe in flight per backend');
  for (const snapshot of daemon.control.checker().snapshots()) {
    const { name, address, state, admin, counter, rise, fall } = snapshot;
    const backend = config.backends.get(name);
    assert.ok(backend, `${name} is in the configuration`);
    assert.equal(admin, effectiveAdmin(backend, daemon.control.overrides()), `${name}: overrides decide`);
    if (admin !== 'active') {
      assert.equal(state, admin);
      assert.equal(network.inFlight(address), 0, `invariant 3: ${name} is ${state} and probed`);
    } else {
      assert.ok(state === 'unknown' || state === 'up' || state === 'down', `${name} is ${state}`);
      if (state !== 'unknown') assert.equal(state, counter >= rise ? 'up' : 'down');
    }
    assert.ok(counter >= 0 && counter < rise + fall);
    assert.ok(snapshot.transitions.length <= config.healthchecker.transitionHistory);
  }
  assert.equal(daemon.control.checker().snapshots().length, config.backends.size);
  // A reader that comes seldom is the one who finds that his place is gone.
  if (world.prng.below(4) === 0) readEvents(world);
}

/** Invariant 5: numbers rise by one, or a resync is announced. */
function readEvents(world: World): void {
  const { events } = world.daemon;
  for (;;) {
    const read = events.read(world.cursor, 1 + world.prng.below(100));
    if (read.t === 'resync') {
      assert.ok(read.cursor > world.cursor, 'invariant 5: a resync moves forward');
      world.story.push(`resync ${world.cursor} -> ${read.cursor}`);
    } else {
      for (const [index, { sequence, event }] of read.events.entries()) {
        assert.equal(sequence, world.cursor + 1 + index, 'invariant 5: consecutive numbers');
        if (event.kind !== 'backend') continue;
        const { from, to, code } = event.transition;
        world.story.push(`${sequence} ${event.backend} ${from} ${to} ${code}`);
      }
      if (read.events.length === 0) return;
    }
    world.cursor = read.cursor;
  }
}

/** Sees every event at the moment it is appended. */
function watch(world: World): () => void {
  const { events } = world.daemon;
  return events.subscribe(() => {
    const read = events.read(events.lastSequence() - 1, 1);
    assert.ok(read.t === 'events' && read.events.length === 1, 'the newest event can be read');
    const { event } = read.events[0] as NumberedEvent;
    if (event.kind !== 'backend') return;
    world.transitions++;
    checkTransition(world, event.backend, event.transition);
  });
}

/** A backend that always answered well in time is never called down, whatever we did to ourselves. */
function checkTransition({ daemon, behaviours }: World, name: string, transition: Transition): void {
  const { to, code, detail } = transition;
  const address = daemon.control.checker().snapshot(name)?.address;
  assert.notEqual(detail, exhaustedDetail, `${name}: our own exhaustion changed its state`);
  if (address === undefined || to !== 'down' || behaviours.has(address)) return;
  assert.fail(`${name} always answered within its timeout and went down with ${code}`);
}

/** After quiet, every probed backend is what the world says it is. */
async function checkQuiet(world: World): Promise<void> {
  const { clock, daemon, behaviours } = world;
  await clock.advance(120_000);
  for (const { name, address, admin, check, state } of daemon.control.checker().snapshots()) {
    const behaviour = behaviours.get(address) ?? { t: 'alive', afterMs: 1 };
    if (admin !== 'active' || !check || behaviour.t === 'exhausted') continue;
    assert.equal(
      state,
      behaviour.t === 'alive' ? 'up' : 'down',
      `${name}: ${JSON.stringify(behaviour)} after quiet`,
    );
  }
  checkInvariants(world);
}

/** Invariant 7: nothing is left after stop. */
async function stopDaemon(world: World): Promise<void> {
  const { daemon, clock, network } = world;
  readEvents(world);
  for (const { stats } of daemon.control.checker().snapshots()) world.lateProbes += stats.lateCount;
  world.unwatch();
  await daemon.stop();
  assert.equal(clock.pendingTimerCount(), 0, 'invariant 7: no timer is left');
  assert.equal(network.inFlightTotal(), 0, 'invariant 7: no probe is left');
  assert.equal(daemon.events.subscriberCount(), 0, 'invariant 7: no subscriber is left');
}
