// What is asked once, at the end of a simulated run when all is quiet: the rhythm of probes, and what follows
// from one change of an operator and one of somebody else. It must not know how a run was drawn.
import assert from 'node:assert/strict';
import type { Dataplane } from '../../src/dataplane/dataplane.ts';
import { must } from '../../src/lib/assert.ts';
import { jitterShare, scheduleTickMs } from '../../src/lib/limits.ts';
import type { World } from './state.ts';
import { checkVppQuiet } from './vpp-invariants.ts';

/** Changes that VPP acknowledged and nobody has read back. */
export interface ReadBacks {
  unread: number;
}

/** The dataplane, with an eye on what is read back. */
export function watchReads(dataplane: Dataplane, reads: ReadBacks): Dataplane {
  return {
    ...dataplane,
    async observe() {
      reads.unread = 0;
      return dataplane.observe();
    },
    async observeServers(vips) {
      reads.unread = 0;
      return dataplane.observeServers(vips);
    },
    apply(ops, onAcknowledged) {
      return dataplane.apply(ops, (op) => {
        reads.unread++;
        onAcknowledged?.(op);
      });
    },
  };
}

/** Starts of probes of the last while, by address. */
export type ProbeStarts = Map<string, number[]>;

const startsKept = 200;

export function noteStart(starts: ProbeStarts, address: string, nowMs: number): void {
  const list = starts.get(address) ?? [];
  list.push(nowMs);
  if (list.length > startsKept) list.shift();
  starts.set(address, list);
}

const gapsMin = 8;

/** Starts lie within jitter of the interval, and are not all alike. `quietMs`: for how long it was quiet. */
export function checkRhythm({ clock, daemon, behaviours, starts }: World, quietMs: number): void {
  for (const { name, address, admin, check, counter, rise, fall } of daemon.control.checker().snapshots()) {
    const isAlive = (behaviours.get(address)?.t ?? 'alive') === 'alive';
    if (admin !== 'active' || !check || !isAlive || counter < rise + fall - 1) continue;
    // Some time of the quiet belongs to its recovery.
    const fromMs = clock.nowMs() - quietMs / 2;
    const list = (starts.get(address) ?? []).filter((startMs) => startMs >= fromMs);
    const gaps = list.slice(1).map((startMs, index) => startMs - (list[index] as number));
    const [leastMs, mostMs] = [check.intervalMs * (1 - jitterShare), check.intervalMs * (1 + jitterShare)];
    const isFair = (gapMs: number) => gapMs >= leastMs && gapMs <= mostMs + scheduleTickMs;
    assert.ok(gaps.every(isFair), `rhythm of ${name}: ${gaps.join(' ')} for ${check.intervalMs} ms`);
    if (gaps.length < gapsMin) continue;
    assert.ok(new Set(gaps).size > 1, `rhythm of ${name}: no jitter, ${gaps[0]} ms each time`);
  }
}

const readBackPatienceMs = 3_000;

/** What an operator changes in VPP is read back soon, not at the next full look. */
export async function checkReadBack({ clock, daemon, disk, vpp, witness, reads }: World): Promise<void> {
  const { control } = daemon;
  disk.full = false;
  for (const frontend of control.config().frontends.keys()) {
    const status = must(control.frontendStatus(frontend), frontend);
    const pool = status.pools.find(({ active }) => active);
    const serving = pool?.backends.find(({ weight }) => weight > 0);
    if (!pool || !serving) continue;
    witness.touched();
    const count = vpp.mutations.length;
    const target = { frontend, pool: pool.name, backend: serving.name };
    const weight = serving.configuredWeight > 20 ? 1 : 100;
    assert.ok((await control.changeWeight(target, { weight, flush: false }, { by: 'exam' })).ok);
    await clock.advance(readBackPatienceMs);
    assert.ok(vpp.mutations.length > count || pool.backends.length === 1, `${frontend}: nothing was changed`);
    assert.equal(reads.unread, 0, `${frontend}: what was changed is not read back`);
  }
}

/** What somebody else changes is told, and made good. */
export async function checkDrift(world: World): Promise<void> {
  const { clock, daemon, vpp, witness } = world;
  const { reconciler } = must(daemon.lb, 'a dataplane');
  const vip = vpp.model.vips().find(({ used, applicationServers }) => used && applicationServers.length > 0);
  const server = vip?.applicationServers.find(({ used }) => used);
  if (!vip || !server) return;
  const before = reconciler.journal().driftCount();
  witness.drifted();
  const weight = server.weight === 77 ? 76 : 77;
  const why = 'exam';
  assert.equal(vpp.drift({ t: 'as-weight', vip, address: server.address, weight, flush: false, why }), 0);
  await clock.advance(daemon.control.config().lb.syncIntervalMs + readBackPatienceMs);
  assert.ok(reconciler.journal().driftCount() > before, 'drift is not reported');
  await checkVppQuiet(world);
}
