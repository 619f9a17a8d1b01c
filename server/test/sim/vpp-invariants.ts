// What must hold of the simulated VPP: nobody broke the rules of the port, and after quiet it holds what
// configuration and health ask for, whichever way it came there.
import assert from 'node:assert/strict';
import { backendAddress, vipKeyOf } from '../../src/dataplane/desired.ts';
import { vipName } from '../../src/dataplane/lb-state.ts';
import { predictBuckets } from '../../src/dataplane/maglev-table.ts';
import { planLb } from '../../src/dataplane/plan.ts';
import { must } from '../../src/lib/assert.ts';
import { readLb } from '../support/fake-vpp.ts';
import { servingByHand } from './override-invariants.ts';
import type { World } from './state.ts';

/** Invariants 2, 4 and 9, which are asked at every single call and change. */
export function checkVppRules({ vpp }: World): void {
  assert.equal(vpp.violations.length, 0, vpp.violations.join('\n'));
}

/** Nothing goes wrong with VPP any more. */
export function calmVpp({ vpp }: World): void {
  vpp.calm();
  vpp.delayMs = 1;
  vpp.connect();
}

/** A look at a VPP that answers at once, and nothing is wrong with. */
const lookMs = 50;

/** Invariant 1: after quiet, observed = desired, and there is nothing left to do. */
export async function checkVppQuiet(world: World): Promise<void> {
  const { daemon, vpp, clock } = world;
  const { reconciler, dataplane } = must(daemon.lb, 'a dataplane');
  assert.equal(dataplane.info().connection, 'connected');
  // The look in passing may have begun in this very moment.
  if (reconciler.isRunning()) await clock.advance(lookMs);
  assert.equal(reconciler.isRunning(), false, 'nothing is under way');
  assert.equal(world.wishes, 0, 'every wish was answered');
  const desired = reconciler.desired();
  assert.equal(desired.held.size, 0, 'the warm-up is over');
  const observed = readLb(vpp.model, clock.wallMs());
  const plan = planLb(desired, observed, { debtOf: () => undefined, keeps: () => false });
  assert.deepEqual(plan, [], 'invariant 1: the next plan is empty');
  assert.deepEqual([...reconciler.journal().alarms()], []);
  assert.deepEqual(world.witness.owed(), [], 'flows that are to be cut were cut');
  checkWeights(world);
}

/**
 * Once more, and without the code that made it so: every AS has what its backend is to have, and no other is.
 */
function checkWeights({ daemon, vpp, clock }: World): void {
  const { control } = daemon;
  const config = control.config();
  const { vips } = readLb(vpp.model, clock.wallMs());
  const names = Array.from(config.frontends.values(), (frontend) => vipName(vipKeyOf(frontend)));
  assert.deepEqual([...vips.keys()].sort(), names.sort(), 'the VIPs are the frontends');
  for (const frontend of config.frontends.values()) {
    const held = must(vips.get(vipName(vipKeyOf(frontend))), frontend.name);
    const status = must(control.frontendStatus(frontend.name), frontend.name);
    const pools = status.pools.flatMap(({ backends }) => backends);
    const serving = servingByHand(frontend, daemon);
    const texts = (list: readonly string[]) =>
      [...new Set(list.map((name) => backendAddress(name, config)))].sort();
    const heldServing = held.applicationServers.filter(({ weight }) => weight > 0);
    const heldServingTexts = heldServing.map(({ address }) => address.text).sort();
    assert.deepEqual(heldServingTexts, texts(serving), `${frontend.name}: who serves`);
    const heldTexts = held.applicationServers.map(({ address }) => address.text).sort();
    assert.deepEqual(heldTexts, texts(pools.map(({ name }) => name)));
    const buckets = held.applicationServers.map((server) => server.buckets);
    assert.deepEqual(buckets, predictBuckets(held.applicationServers, held.newFlowsTableLength));
  }
}

/** Long enough to connect again, and for a run over everything. */
const programMs = 40_000;

/**
 * Invariant 6: the same configuration and health give the same operations in the same order, to the VPP of
 * this daemon and to that of the next one.
 */
export async function checkSameOperations(world: World, restartDaemon: () => Promise<void>): Promise<void> {
  const { vpp, clock, network, behaviours, disk } = world;
  // What a full disk did not take is saved when there is room again; a new daemon knows nothing else.
  disk.full = false;
  // What is exhausted is not proven anything, and a new daemon would not know of it.
  for (const [address, behaviour] of behaviours) {
    if (behaviour.t === 'exhausted') network.set(address, { t: 'alive', afterMs: 1 });
  }
  await clock.advance(120_000);
  vpp.restart();
  const first = await operationsFrom(world);
  vpp.disconnect();
  await restartDaemon();
  await clock.advance(120_000);
  vpp.restart();
  vpp.connect();
  assert.deepEqual(await operationsFrom(world), first, 'invariant 6: other operations, or another order');
  await checkVppQuiet(world);
}

async function operationsFrom({ vpp, clock }: World): Promise<readonly string[]> {
  const count = vpp.mutations.length;
  await clock.advance(programMs);
  return vpp.mutations.slice(count);
}
