// Steps of a simulated run that have to do with VPP: it starts over, is cut off, refuses, loses, is slow, is
// changed by somebody else; and operators who change weights and ask for a look.
import assert from 'node:assert/strict';
import type { LbOp } from '../../src/dataplane/lb-op.ts';
import type { VipView } from '../../src/dataplane/simulator/lb-view.ts';
import { confOf } from '../../src/dataplane/vpp/lb-observation.ts';
import { parseAddress } from '../../src/lib/address.ts';
import { must } from '../../src/lib/assert.ts';
import type { Prng } from '../../src/lib/prng.ts';
import type { StepKind, World } from './state.ts';
import { freshAddress, pick } from './world.ts';

export type VppStep = Extract<StepKind, `vpp-${string}` | 'sync' | 'weight'>;

const isWeightRefusal = (code: string, diskIsFull: boolean) => code === 'unavailable' && diskIsFull;

export async function takeVppStep(world: World, kind: VppStep): Promise<void> {
  const { prng, clock, vpp } = world;
  switch (kind) {
    case 'sync':
      sync(world);
      return clock.advance(prng.below(2000));
    case 'weight':
      await changeWeight(world);
      return clock.advance(prng.below(2000));
    case 'vpp-restart':
      vpp.restart();
      return clock.advance(prng.below(5000));
    case 'vpp-cut':
      if (vpp.isReachable()) vpp.disconnect();
      else vpp.connect();
      return clock.advance(prng.below(8000));
    case 'vpp-refuse':
      vpp.refuseNext(pick(prng, [-1, -6, -70, -73, -81, -97]));
      return clock.advance(prng.below(2000));
    case 'vpp-lose':
      vpp.loseNext(pick(prng, ['done', 'not-done']));
      return clock.advance(prng.below(2000));
    case 'vpp-drift':
      for (let i = 0; i <= prng.below(3); i++) drift(world);
      return clock.advance(prng.below(4000));
    case 'vpp-slow':
      vpp.delayMs = pick(prng, [0, 1, 20, 300, 1500]);
      return clock.advance(prng.below(3000));
  }
}

/** Whoever asks is answered in the end; until then it is counted. */
function sync(world: World): void {
  const { prng, daemon } = world;
  const { control, lb } = daemon;
  const name = prng.below(2) === 0 ? undefined : pick(prng, [...control.config().frontends.keys()]);
  world.wishes++;
  const wish = must(lb, 'a dataplane').reconciler.sync(name);
  void wish.then((outcome) => {
    world.wishes--;
    world.story.push(`sync ${name ?? 'all'}: ${outcome.ok ? outcome.inSync : outcome.code}`);
  });
}

async function changeWeight({ prng, daemon, disk, witness }: World): Promise<void> {
  const { control } = daemon;
  const frontend = pick(prng, [...control.config().frontends.values()]);
  const pool = pick(prng, frontend.pools);
  const backend = pick(prng, pool.backends).name;
  const weight = pick(prng, [0, 1, 50, 100, 'default'] as const);
  witness.touched();
  const target = { frontend: frontend.name, pool: pool.name, backend };
  const result = await control.changeWeight(target, { weight, flush: prng.below(3) === 0 }, { by: 'sim' });
  if (!result.ok) assert.ok(isWeightRefusal(result.refusal.code, disk.full), result.refusal.message);
}

/** Somebody with a CLI of his own. */
function drift({ prng, vpp, witness, story }: World): void {
  const vips = vpp.model.vips().filter(({ used }) => used);
  const op = vips.length === 0 ? addForeignVip(prng) : drawDrift(prng, pick(prng, vips), vpp);
  witness.drifted();
  story.push(`drift ${op.t} ${vpp.drift(op)}`);
}

const why = 'drift';

function drawDrift(prng: Prng, view: VipView, vpp: World['vpp']): LbOp {
  const { address, prefixLength, protocol, port } = view;
  const vip = { address, prefixLength, protocol, port };
  const used = view.applicationServers.filter((server) => server.used);
  const server = used.length === 0 ? addressOf(freshAddress(prng)) : pick(prng, used).address;
  switch (prng.below(6)) {
    case 0:
      return { t: 'as-weight', vip, address: server, weight: prng.below(101), flush: false, why };
    case 1:
      return { t: 'as-delete', vip, address: server, why };
    case 2: {
      const flush = false;
      return { t: 'as-add', vip, address: addressOf(freshAddress(prng)), weight: 50, flush, why };
    }
    case 3:
      return { t: 'vip-delete', vip, why };
    case 4: {
      const conf = confOf({ retval: 0, ...vpp.model.conf() });
      return { t: 'conf', conf: { ...conf, flowTimeoutSeconds: 1 + prng.below(120) }, why };
    }
    default:
      return addForeignVip(prng);
  }
}

function addForeignVip(prng: Prng): LbOp {
  const vip = {
    address: addressOf(`10.253.0.${1 + prng.below(4)}`),
    prefixLength: 32,
    protocol: 6,
    port: 80 + prng.below(2),
    encap: 'gre4',
    newFlowsTableLength: 64,
    srcIpSticky: false,
  } as const;
  return { t: 'vip-add', vip, why };
}

function addressOf(text: string) {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok);
  return parsed.address;
}
