// A network in memory: decides how each probe ends. Replaces the probers at the checker's edge.
import type { HealthCheck } from '../../src/config/config.ts';
import type { Timer } from '../../src/lib/clock.ts';
import type { PreparedProbe, ProbeResult } from '../../src/probes/probe.ts';
import type { FakeClock } from './fake-clock.ts';

/** How an address behaves. `afterMs` is how long it takes to answer. */
export type Behaviour =
  | { readonly t: 'alive'; readonly afterMs: number }
  | { readonly t: 'refusing' }
  | { readonly t: 'status'; readonly status: number; readonly afterMs: number }
  | { readonly t: 'closing'; readonly afterMs: number }
  | { readonly t: 'silent' }
  | { readonly t: 'exhausted' };

export interface FakeNetwork {
  readonly prepare: (check: HealthCheck, target: { readonly address: string }) => PreparedProbe;
  set(address: string, behaviour: Behaviour): void;
  /** Probes started so far, by address. */
  started(address: string): number;
  inFlight(address: string): number;
  inFlightTotal(): number;
  /** Highest number of probes in flight at once for any one address. */
  inFlightPeak(): number;
}

export const exhaustedDetail = 'too many open files';

function resultOf(behaviour: Behaviour): ProbeResult | undefined {
  switch (behaviour.t) {
    case 'alive':
      return { ok: true, code: 'L7OK', detail: 'HTTP 200' };
    case 'refusing':
      return { ok: false, code: 'L4CON', detail: 'connection refused' };
    case 'status':
      return { ok: false, code: 'L7STS', detail: `HTTP ${behaviour.status}` };
    case 'closing':
      return { ok: false, code: 'L7RSP', detail: 'connection closed before the reply was whole' };
    case 'exhausted':
      return { ok: false, code: 'L4CON', detail: exhaustedDetail, ours: true };
    case 'silent':
      return undefined;
  }
}

/** Connect, request, reply. */
const legs = 3;

function legMs(behaviour: Behaviour): number {
  return 'afterMs' in behaviour ? behaviour.afterMs / legs : 0;
}

export function createFakeNetwork(clock: FakeClock): FakeNetwork {
  const behaviours = new Map<string, Behaviour>();
  const startedCounts = new Map<string, number>();
  const inFlightCounts = new Map<string, number>();
  let peak = 0;
  const count = (map: Map<string, number>, key: string, by: number) => {
    const value = (map.get(key) ?? 0) + by;
    map.set(key, value);
    return value;
  };

  return {
    prepare: (_check, { address }) => ({
      start(done) {
        count(startedCounts, address, 1);
        peak = Math.max(peak, count(inFlightCounts, address, 1));
        const behaviour = behaviours.get(address) ?? { t: 'alive', afterMs: 1 };
        const result = resultOf(behaviour);
        let over = false;
        let timer: Timer | undefined;
        const end = () => {
          if (over) throw new Error(`probe of ${address} ended twice`);
          over = true;
          timer?.cancel();
          count(inFlightCounts, address, -1);
        };
        // Each leg needs our loop to run: when we are away, connect, request and reply wait for us one by
        // one.
        const leg = (left: number) => {
          timer =
            left > 1
              ? clock.setPlainTimer(legMs(behaviour), () => leg(left - 1))
              : clock.setTimer(legMs(behaviour), () => {
                  end();
                  if (result) done(result);
                });
        };
        if (result) leg('afterMs' in behaviour ? legs : 1);
        return {
          expire() {
            end();
            return { ok: false, code: 'L7TOUT', detail: 'no answer' };
          },
          cancel: end,
        };
      },
    }),
    set: (address, behaviour) => void behaviours.set(address, behaviour),
    started: (address) => startedCounts.get(address) ?? 0,
    inFlight: (address) => inFlightCounts.get(address) ?? 0,
    inFlightTotal: () => [...inFlightCounts.values()].reduce((sum, value) => sum + value, 0),
    inFlightPeak: () => peak,
  };
}
