// What a probe costs besides its sockets: schedule, deadline, verdict, health, counters.
import { Checker } from '../../src/checker/checker.ts';
import type { CheckerTarget } from '../../src/checker/slot.ts';
import { createPrng } from '../../src/lib/prng.ts';
import { createInstantNetwork } from '../support/instant-network.ts';
import { backendAddress, maglevYaml } from '../support/maglev-yaml.ts';
import { compareWork } from '../support/stopwatch.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { parseOwn } from '../support/virtual-daemon.ts';
import { BrokenRun, type Trial } from '../trial.ts';

const count = 1000;
const virtualSeconds = 300;
const rounds = 5;
/** As many as a tick of the schedule starts together. */
const batchSize = 20;

export const probeOverhead: Trial = {
  name: 'probe-overhead',
  about: 'checker, health and counters per probe without a network, beside an empty loop',
  needs: [],
  async run() {
    let probes = 0;
    const [checkerMs = 0, loopMs = 0] = await compareWork(
      [
        {
          name: 'checker',
          run: () => {
            probes = runChecker();
          },
        },
        { name: 'empty loop', run: () => runEmptyLoop(probes) },
      ],
      rounds,
    );
    const baseline = { name: 'empty loop', value: (1000 * loopMs) / probes };
    const value = (1000 * checkerMs) / probes;
    const about = `Median of ${rounds} runs of ${probes} probes of ${count} backends, in turns.`;
    return { figures: [{ name: 'CPU per probe', unit: 'us', value, baseline }], notes: [about] };
  },
};

/** Probes all backends for a while of virtual time; gives the number of probes. */
function runChecker(): number {
  const clock = createVirtualClock();
  const network = createInstantNetwork(clock);
  const { healthchecks } = parseOwn(maglevYaml(1, ['type: http', 'port: 80', 'interval: 1s']));
  const check = healthchecks.get('bench');
  if (check === undefined) throw new BrokenRun('no health check in the configuration');
  const targets = Array.from({ length: count }, (_, index): CheckerTarget => {
    return { name: `backend-${index}`, address: backendAddress(index), family: 4, admin: 'active', check };
  });
  const checker = new Checker({
    clock,
    prng: createPrng(1),
    prepare: network.prepare,
    onTransition: () => undefined,
  });
  checker.sync(targets, 5, () => true);
  const probes = network.run(1000 * virtualSeconds);
  checker.stop();
  return probes;
}

/** The same number of callbacks, put on a list and called in batches. */
function runEmptyLoop(count: number): number {
  const waiting: ((value: number) => void)[] = [];
  let sum = 0;
  for (let left = count; left > 0; left -= batchSize) {
    for (let index = 0; index < batchSize; index++) {
      waiting.push((value) => {
        sum += value;
      });
    }
    for (const done of waiting) done(1);
    waiting.length = 0;
  }
  return sum;
}
