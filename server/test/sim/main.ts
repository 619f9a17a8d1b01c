// `npm run sim -- [--seeds N] [--seed S] [--minutes M]`: many simulated runs; a failure prints the seed that
// replays it.
import { parseArgs } from 'node:util';
import { simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string' },
    minutes: { type: 'string', default: '40' },
  },
});
const minutes = Number(values.minutes);
const first = values.seed === undefined ? 1 : Number(values.seed);
const last = values.seed === undefined ? Number(values.seeds) : first;
if (![minutes, first, last].every((value) => Number.isInteger(value) && value > 0)) {
  process.stderr.write('sim: --seeds, --seed and --minutes take whole numbers above 0\n');
  process.exit(2);
}
let simulatedMinutes = 0;
let failures = 0;
for (let seed = first; seed <= last; seed++) {
  try {
    simulatedMinutes += (await simulate(seed, minutes)).simulatedMinutes;
  } catch (error) {
    failures++;
    process.stdout.write(`seed ${seed} failed (npm run sim -- --seed ${seed}): ${(error as Error).stack}\n`);
  }
}
process.stdout.write(
  `${last - first + 1} seeds, ${Math.round(simulatedMinutes)} simulated minutes, ${failures} failed\n`,
);
process.exitCode = failures > 0 ? 1 : 0;
