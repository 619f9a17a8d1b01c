// What one processor can probe: all threads of the prober on it, the target on the other one.
import { setTimeout as sleep } from 'node:timers/promises';
import { quantileOf } from '../support/exposition.ts';
import { startFleet } from '../support/fleet.ts';
import { floorPackages, startResponder } from '../support/floor.ts';
import { maglevYaml } from '../support/maglev-yaml.ts';
import { readCounted } from '../support/maglevd.ts';
import { measureWindow } from '../support/window.ts';
import type { Trial } from '../trial.ts';

/** Intervals are rounded up to the schedule's grid: a few more backends than probes per second. */
const count = 10_400;
const port = 8080;
const patienceMs = 60_000;
const warmUpMs = 10_000;

export const httpTenThousand: Trial = {
  name: 'http-ten-thousand',
  about: '10,000 HTTP probes per second by a prober on one CPU',
  needs: floorPackages,
  isLong: true,
  async run(context) {
    const { seconds, cpus, progress } = context;
    await startResponder(context, port);
    const rhythm = ['interval: 1s', 'timeout: 1s', 'rise: 2', 'fall: 3'];
    const yaml = maglevYaml(count, ['type: http', `port: ${port}`, ...rhythm]);
    const { program } = await startFleet(context, yaml, { count, patienceMs });
    await sleep(warmUpMs);
    progress(`measuring for ${seconds} s`);
    const counter = 'Tcp ActiveOpens';
    const window = await measureWindow({ program, cpus, counter, seconds });
    // The first reading since the start: its own page, which is long, is not in its counts.
    const { failed, late, falseTransitions, lag } = await readCounted();
    const { userMs, systemMs, elapsedMs, probes, residentBytes, targetShare, othersShare } = window;
    const lagMs = (quantile: number) => 1000 * quantileOf(lag, quantile);
    const rate = (1000 * probes) / elapsedMs;
    return {
      figures: [
        { name: 'probes per second', unit: '', value: rate, bar: { on: 'value', min: 10_000 } },
        { name: 'share of one CPU', unit: '%', value: (100 * (userMs + systemMs)) / elapsedMs },
        { name: 'false transitions', unit: '', value: falseTransitions, bar: { on: 'value', max: 0 } },
        { name: 'late probes', unit: '', value: late, bar: { on: 'value', max: 0 } },
        { name: 'failed probes', unit: '', value: failed },
        { name: 'schedule lag p50', unit: 'ms', value: lagMs(0.5) },
        { name: 'schedule lag p99', unit: 'ms', value: lagMs(0.99) },
        { name: 'resident memory', unit: 'MiB', value: residentBytes / 2 ** 20 },
      ],
      notes: [
        `${count} backends at 1 s; transitions, late probes and lag since the start of the daemon.`,
        `CPU ${cpus.prober} ${Math.round(100 * othersShare)} % used by others, ` +
          `CPU ${cpus.target} ${Math.round(100 * targetShare)} % busy with the responder and what else runs.`,
      ],
    };
  },
};
