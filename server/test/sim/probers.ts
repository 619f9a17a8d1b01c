// The probers of a simulated daemon, one for each namespace that it is told to probe from, over one network:
// notes when probes start, and holds it against the daemon when one starts from where it has gone away, or
// when a prober is left behind. It must not know how probes end.
import assert from 'node:assert/strict';
import type { Clock } from '../../src/lib/clock.ts';
import type { Prober } from '../../src/probes/prober.ts';
import type { FakeNetwork } from '../support/fake-network.ts';
import { noteStart, type ProbeStarts } from './final-exam.ts';

interface ProbersWorld {
  readonly network: FakeNetwork;
  readonly clock: Clock;
  readonly starts: ProbeStarts;
  /** Those that are not closed, by namespace. */
  readonly probers: Set<Prober>;
}

export function createWatchedProber({ network, clock, starts, probers }: ProbersWorld): Prober {
  let inFlight = 0;
  const prober: Prober = {
    prepare(check, target) {
      const probe = network.prepare(check, target);
      return {
        start(done) {
          assert.ok(probers.has(prober), `${target.address} is probed from a namespace that was left`);
          noteStart(starts, target.address, clock.nowMs());
          inFlight++;
          const run = probe.start((result) => {
            inFlight--;
            done(result);
          });
          const end = () => void inFlight--;
          return {
            expire() {
              end();
              return run.expire();
            },
            cancel() {
              end();
              run.cancel();
            },
          };
        },
      };
    },
    close() {
      assert.equal(inFlight, 0, 'invariant 7: a prober is closed with probes in flight');
      probers.delete(prober);
    },
  };
  probers.add(prober);
  return prober;
}
