// A network on which every probe succeeds at no cost of its own: what remains is the cost of everything else.
import type { PreparedProbe, ProbeResult } from '../../src/probes/probe.ts';
import type { VirtualClock } from './virtual-clock.ts';

const good: ProbeResult = { ok: true, code: 'L7OK', detail: 'HTTP 200' };
const running = {
  expire: (): ProbeResult => ({ ok: false, code: 'L7TOUT', detail: 'no reply in time' }),
  cancel: () => undefined,
};

export interface InstantNetwork {
  readonly prepare: () => PreparedProbe;
  /** Lets time pass to `endMs`; after each timer all probes it started are answered. Gives their number. */
  run(endMs: number): number;
}

export function createInstantNetwork(clock: VirtualClock): InstantNetwork {
  const waiting: ((result: ProbeResult) => void)[] = [];
  const prepared: PreparedProbe = {
    start(done) {
      waiting.push(done);
      return running;
    },
  };
  return {
    prepare: () => prepared,
    run(endMs) {
      let answered = 0;
      while (clock.step(endMs)) {
        for (const done of waiting) done(good);
        answered += waiting.length;
        waiting.length = 0;
      }
      return answered;
    },
  };
}
