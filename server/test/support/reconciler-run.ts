// The reconciler over a dataplane in memory: health, configuration and time are moved by hand, and what
// reaches VPP is read in short lines. It must not know how the reconciler comes to its answers.
import assert from 'node:assert/strict';
import { parseConfig } from '../../src/config/parse.ts';
import type { LbOp } from '../../src/dataplane/lb-op.ts';
import { vipName } from '../../src/dataplane/lb-state.ts';
import { Reconciler } from '../../src/dataplane/reconciler.ts';
import type { VppEvent } from '../../src/events/event.ts';
import { createEventLog } from '../../src/events/event-log.ts';
import type { BackendState } from '../../src/health/backend-health.ts';
import { frontendStatus } from '../../src/health/frontend-state.ts';
import type { Log } from '../../src/lib/log.ts';
import { createFakeClock } from './fake-clock.ts';
import { PlainDataplane } from './plain-dataplane.ts';

export const open = 'startup-min-delay: 0s, startup-max-delay: 0s';
const frontendText = (name: string, address: string, rest: string, backends: string) => `
    ${name}:
      address: ${address}
      protocol: tcp
      port: 80
      weight-steps: 100
      new-flows-table-length: 1024
      ${rest}
      pools: [{ name: main, backends: { ${backends} } }]`;
export const textOne = frontendText('one', '10.1.0.1', 'flush-on-down: true', 'a: {}, b: {}');
export const textTwo = frontendText('two', '10.1.0.2', 'flush-on-down: false', 'b: {}, c: {}');
export const textThree = frontendText('three', '10.1.0.3', 'flush-on-down: false', 'c: {}');

export const configText = (lb = open, frontends = textOne + textTwo) => `
maglev:
  vpp: { lb: { ${lb}, sync-interval: 60s, ipv4-src-address: 10.255.0.1 } }
  backends:
    a: { address: 10.0.0.1 }
    b: { address: 10.0.0.2 }
    c: { address: 10.0.0.3 }
  frontends:${frontends}
`;
export const one = '10.1.0.1/32 tcp 80';
export const two = '10.1.0.2/32 tcp 80';

function parsed(text: string) {
  const result = parseConfig(text);
  assert.ok(result.ok, JSON.stringify(result));
  return result.config;
}

function say(op: LbOp): string {
  if (op.t === 'conf') return 'conf';
  const name = vipName(op.vip).replace('10.1.0.', '').replace('/32 tcp 80', '');
  const server = 'address' in op ? ` ${op.address.text}` : '';
  const weight = 'weight' in op ? ` ${op.weight}${op.flush ? ' flush' : ''}` : '';
  return `${op.t} ${name}${server}${weight}`;
}

export interface Made {
  readonly text?: string;
  readonly keepUnknown?: boolean;
  /** Of all backends at the start. */
  readonly state?: BackendState;
  readonly prepare?: (dataplane: PlainDataplane) => void;
}

/** Started and settled. */
export async function startReconciler({
  text = configText(),
  keepUnknown = false,
  state = 'up',
  prepare,
}: Made = {}) {
  const clock = createFakeClock();
  const dataplane = new PlainDataplane();
  prepare?.(dataplane);
  const events = createEventLog(clock, 'test');
  const logged: { readonly message: string; readonly attributes: object }[] = [];
  const line = (message: string, attributes = {}) => void logged.push({ message, attributes });
  const log: Log = { isDebug: true, debug: line, info: line, warn: line, error: line };
  let config = parsed(text);
  const states = new Map<string, BackendState>(['a', 'b', 'c', 'd'].map((name) => [name, state]));
  const weights = new Map<string, number>();
  const source = {
    config: () => config,
    frontendStatus(name: string) {
      const frontend = config.frontends.get(name);
      if (frontend === undefined) return undefined;
      return frontendStatus(frontend, {
        stateOf: (backend) => states.get(backend) ?? 'unknown',
        weightOf: (_pool, backend) => weights.get(`${name} ${backend.name}`) ?? backend.weight,
      });
    },
    usedBy: (backend: string) =>
      [...config.frontends.values()]
        .filter(({ pools }) => pools.some(({ backends }) => backends.some(({ name }) => name === backend)))
        .map(({ name }) => name),
  };
  const reconciler = new Reconciler({ clock, log, events, dataplane, source, keepUnknown });
  const settle = async () => {
    for (let i = 0; i < 10; i++) await clock.advance(0);
  };
  /** A transition of a backend. */
  const move = (backend: string, to: BackendState, isNew = false) => {
    const from = states.get(backend) ?? 'unknown';
    states.set(backend, to);
    reconciler.backendChanged(backend, { from, to, atMs: 0, code: 'L4CON', detail: '' }, isNew);
  };
  /** Operations since the last call. */
  const news = async () => {
    await settle();
    return dataplane.applied.splice(0).map(say);
  };
  const told: VppEvent[] = [];
  events.subscribe(() => {
    const read = events.read(events.lastSequence() - 1, 1);
    const event = read.t === 'events' ? read.events[0]?.event : undefined;
    if (event?.kind === 'vpp') told.push(event);
  });
  const reload = (next: string) => {
    config = parsed(next);
    reconciler.configChanged();
  };
  const stop = async () => {
    await Promise.all([reconciler.stop(), settle()]);
    assert.deepEqual(
      [clock.pendingTimerCount(), dataplane.watcherCount(), reconciler.isRunning()],
      [0, 0, false],
    );
    assert.ok(dataplane.callsMax <= 1, 'one call, and thus one run, at a time');
  };
  reconciler.start();
  await settle();
  return {
    clock,
    dataplane,
    reconciler,
    source,
    logged,
    states,
    weights,
    settle,
    move,
    news,
    told,
    reload,
    stop,
  };
}
