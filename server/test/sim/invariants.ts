// The invariants of the house that have to do with health, overrides and events, asked after every step of a
// simulated run, and what must be so after quiet.
import assert from 'node:assert/strict';
import type { Daemon } from '../../src/daemon.ts';
import type { NumberedEvent } from '../../src/events/event.ts';
import type { Transition } from '../../src/health/backend-health.ts';
import { effectiveAdmin, listOverrides } from '../../src/overrides/overrides.ts';
import { exhaustedDetail } from '../support/fake-network.ts';
import { deliverAnswers } from './api-clients.ts';
import { checkDrift, checkReadBack, checkRhythm } from './final-exam.ts';
import type { World } from './state.ts';
import { calmVpp, checkVppQuiet, checkVppRules } from './vpp-invariants.ts';

/** Everything that can be seen of the daemon, as plain values. */
export function observe({ control }: Daemon) {
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

export function checkInvariants(world: World): void {
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
  checkVppRules(world);
  world.clients.check();
  // A reader that comes seldom is the one who finds that his place is gone.
  if (world.prng.below(4) === 0) readEvents(world);
}

/** Invariant 5: numbers rise by one, or a resync is announced. */
export function readEvents(world: World): void {
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
export function watch(world: World): () => void {
  const { events } = world.daemon;
  return events.subscribe(() => {
    const read = events.read(events.lastSequence() - 1, 1);
    assert.ok(read.t === 'events' && read.events.length === 1, 'the newest event can be read');
    const { event } = read.events[0] as NumberedEvent;
    if (event.kind !== 'backend') return;
    world.transitions++;
    world.witness.backendChanged(event.backend, event.transition);
    checkTransition(world, event.backend, event.transition);
  });
}

/** A backend that always answered well in time is never called down, whatever we did to ourselves. */
function checkTransition({ daemon, ill }: World, name: string, transition: Transition): void {
  const { to, code, detail } = transition;
  const address = daemon.control.checker().snapshot(name)?.address;
  assert.notEqual(detail, exhaustedDetail, `${name}: our own exhaustion changed its state`);
  if (address === undefined || to !== 'down' || ill.has(address)) return;
  assert.fail(`${name} always answered within its timeout and went down with ${code}`);
}

const quietMs = 120_000;

/** After quiet, every probed backend is what the world says it is. */
export async function checkQuiet(world: World): Promise<void> {
  const { clock, daemon, behaviours } = world;
  calmVpp(world);
  world.clients.readAll();
  await clock.advance(quietMs);
  for (const { name, address, admin, check, state } of daemon.control.checker().snapshots()) {
    const behaviour = behaviours.get(address) ?? { t: 'alive', afterMs: 1 };
    if (admin !== 'active' || !check || behaviour.t === 'exhausted') continue;
    assert.equal(
      state,
      behaviour.t === 'alive' ? 'up' : 'down',
      `${name}: ${JSON.stringify(behaviour)} after quiet`,
    );
  }
  world.clients.checkCaughtUp();
  await deliverAnswers(world);
  checkInvariants(world);
  await checkVppQuiet(world);
  checkRhythm(world, quietMs);
  await checkReadBack(world);
  await checkDrift(world);
}
