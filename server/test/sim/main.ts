// `npm run sim -- [--seeds N] [--first S] [--seed S] [--minutes M] [--threads T]`: many simulated runs on all
// processors; a failure prints the seed that replays it.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runSeeds } from './seeds.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    minutes: { type: 'string', default: '40' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const [minutes, threads] = [Number(values.minutes), Number(values.threads)];
const first = Number(values.seed ?? values.first);
const last = values.seed === undefined ? first + Number(values.seeds) - 1 : first;
if (![minutes, threads, first, last].every((value) => Number.isInteger(value) && value > 0)) {
  process.stderr.write('sim: --seeds, --first, --seed, --minutes and --threads take whole numbers above 0\n');
  process.exit(2);
}

const progressMs = 10_000;
const drawn = new Map<string, number>();
const sums = { minutes: 0, steps: 0, transitions: 0, events: 0, resyncs: 0, subscribers: 0 };
let done = 0;
let failures = 0;
const startMs = performance.now();
let saidMs = startMs;

/** `132 of 1000 seeds, 0 failed, 1.4 seeds/s` */
function progress(): string {
  const rate = (done * 1000) / (performance.now() - startMs);
  return `${done} of ${last - first + 1} seeds, ${failures} failed, ${rate.toFixed(2)} seeds/s`;
}

function summarize(): void {
  const words = [...drawn].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, count]) => `${what} ${count}`);
  process.stdout.write(`drawn: ${words.join(', ')}\n`);
  const told = `${sums.events} events told to ${sums.subscribers} subscribers, ${sums.resyncs} resyncs`;
  process.stdout.write(`${sums.steps} steps, ${sums.transitions} transitions, ${told}\n`);
  process.stdout.write(
    `${done} seeds, ${Math.round(sums.minutes)} simulated minutes, ${failures} failed; ${progress()}\n`,
  );
}

// Whoever has waited long enough gets what there is.
process.on('SIGINT', () => {
  summarize();
  process.exit(1);
});
await runSeeds({ first, last, minutes }, threads, (one) => {
  done++;
  if (one.t === 'broken') {
    failures++;
    const { seed, failure } = one;
    process.stdout.write(`seed ${seed} failed (npm run sim -- --seed ${seed}): ${failure}\n`);
  } else {
    const { result } = one;
    sums.minutes += result.simulatedMinutes;
    sums.steps += result.steps;
    sums.transitions += result.transitions;
    sums.events += result.clients.told;
    sums.resyncs += result.clients.resyncs;
    sums.subscribers += result.clients.joined;
    for (const [what, count] of result.drawn) drawn.set(what, (drawn.get(what) ?? 0) + count);
  }
  if (performance.now() - saidMs < progressMs) return;
  saidMs = performance.now();
  process.stderr.write(`sim: ${progress()}\n`);
});
summarize();
process.exitCode = failures > 0 ? 1 : 0;
