import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { parseConfig } from '../config/parse.ts';
import type { BackendState } from '../health/backend-health.ts';
import { frontendStatus } from '../health/frontend-state.ts';
import { WarmupGate } from './warmup-gate.ts';

const text = (names: readonly string[], delays = 'startup-min-delay: 5s, startup-max-delay: 30s') => `
maglev:
  vpp: { lb: { ${delays}, ipv4-src-address: 10.255.0.1 } }
  backends:
${names.map((name, index) => `    b-${name}: { address: 10.0.0.${index + 1} }`).join('\n')}
  frontends:
${names
  .map(
    (name, index) =>
      `    ${name}: { address: 10.1.0.${index + 1}, pools: [{ name: main, backends: { b-${name}: {} } }] }`,
  )
  .join('\n')}
`;

function parsed(source: string) {
  const result = parseConfig(source);
  assert.ok(result.ok);
  return result.config;
}

function gateOver(source: string) {
  const clock = createFakeClock();
  const states = new Map<string, BackendState>();
  let config = parsed(source);
  const phases: string[] = [];
  const gate: WarmupGate = new WarmupGate({
    clock,
    source: {
      config: () => config,
      frontendStatus(name) {
        const frontend = config.frontends.get(name);
        if (frontend === undefined) return undefined;
        const stateOf = (backend: string) => states.get(backend) ?? 'unknown';
        return frontendStatus(frontend, { stateOf, weightOf: (_pool, { weight }) => weight });
      },
    },
    onPhase: () => phases.push(gate.phase()),
  });
  gate.configChanged();
  const reload = (next: string) => {
    config = parsed(next);
    gate.configChanged();
  };
  return { clock, gate, states, phases, reload };
}

test('tells when a phase begins, and then is done', async () => {
  const { clock, gate, phases } = gateOver(text(['one']));
  await clock.advance(4999);
  assert.equal(gate.phase(), 'hands-off');
  assert.deepEqual(phases, []);
  await clock.advance(1);
  assert.deepEqual(phases, ['releasing']);
  await clock.advance(25_000);
  assert.deepEqual(phases, ['releasing', 'open']);
  assert.equal(clock.pendingTimerCount(), 0);
});

test('frontends are released one by one, and stay so', async () => {
  const { clock, gate, states } = gateOver(text(['one', 'two']));
  states.set('b-one', 'up');
  gate.release();
  assert.equal(gate.isReleased('one'), false, 'VPP is not touched yet');
  assert.match(gate.refusal('one') ?? '', /startup-min-delay/);
  assert.match(gate.refusal(undefined) ?? '', /startup-min-delay/);
  await clock.advance(5000);
  gate.release();
  assert.deepEqual([gate.isReleased('one'), gate.isReleased('two')], [true, false]);
  assert.equal(gate.refusal(undefined), undefined);
  assert.equal(gate.refusal('one'), undefined);
  assert.match(gate.refusal('two') ?? '', /^warm-up: frontend two waits/);
  states.set('b-one', 'unknown');
  gate.release();
  assert.equal(gate.isReleased('one'), true);
  await clock.advance(25_000);
  assert.equal(gate.refusal('two'), undefined);
  gate.stop();
});

test('a reload does not restart the clock; who comes waits, who goes is forgotten', async () => {
  const { clock, gate, states, phases, reload } = gateOver(text(['one']));
  states.set('b-one', 'up');
  await clock.advance(6000);
  gate.release();
  reload(text(['two', 'one']));
  assert.equal(gate.phase(), 'releasing');
  gate.release();
  assert.deepEqual([gate.isReleased('one'), gate.isReleased('two')], [true, false]);
  reload(text(['two']));
  states.set('b-one', 'unknown');
  reload(text(['two', 'one']));
  gate.release();
  assert.equal(gate.isReleased('one'), false);
  await clock.advance(24_000);
  assert.deepEqual(phases, ['releasing', 'open']);
});

test('other delays count from the same start', async () => {
  const { clock, gate, phases, reload } = gateOver(text(['one']));
  await clock.advance(2000);
  reload(text(['one'], 'startup-min-delay: 3s, startup-max-delay: 4s'));
  await clock.advance(1000);
  assert.deepEqual(phases, ['releasing']);
  await clock.advance(1000);
  assert.equal(gate.phase(), 'open');
  assert.equal(clock.pendingTimerCount(), 0);
});

test('stopped, it has no timer and sets none', async () => {
  const { clock, gate, phases } = gateOver(text(['one']));
  gate.stop();
  assert.equal(clock.pendingTimerCount(), 0);
  gate.configChanged();
  await clock.advance(60_000);
  assert.deepEqual([phases, clock.pendingTimerCount()], [[], 0]);
});
