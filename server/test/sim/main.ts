// `npm run sim -- [--seeds N] [--first S] [--seed S] [--minutes M] [--threads T]`: many simulated runs on all
// processors; a failure prints the seed that replays it. Stopped (SIGINT, SIGTERM), it says what it has seen
// and how to go on: ranges that follow each other add up.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runSeeds } from './seeds.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    minutes: { type: 'string', default: '12' },
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
const failed: number[] = [];
/** Seeds that ended before one that was handed out earlier. */
const ahead = new Set<number>();
let done = 0;
/** The first seed that has not ended. */
let next = first;
const startMs = performance.now();
let saidMs = startMs;

/** `132 of 1000 seeds, 0 failed, 1.4 seeds/s` */
function progress(): string {
  const rate = (done * 1000) / (performance.now() - startMs);
  return `${done} of ${last - first + 1} seeds, ${failed.length} failed, ${rate.toFixed(2)} seeds/s`;
}

function summarize(): void {
  const words = [...drawn].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, count]) => `${what} ${count}`);
  process.stdout.write(`drawn: ${words.join(', ')}\n`);
  const told = `${sums.events} events told to ${sums.subscribers} subscribers, ${sums.resyncs} resyncs`;
  process.stdout.write(`${sums.steps} steps, ${sums.transitions} transitions, ${told}\n`);
  process.stdout.write(`${verdict()}\n`);
  if (done > last - first) return;
  const rest = `--first ${next} --seeds ${last - next + 1} --minutes ${minutes}`;
  process.stdout.write(`stopped; to go on: npm run sim -- ${rest}\n`);
}

/** The one line that tells how it went. */
function verdict(): string {
  const seconds = Math.round((performance.now() - startMs) / 1000);
  const seeds = `${done} of ${last - first + 1} seeds from ${first} on`;
  const what = `${seeds}, ${Math.round(sums.minutes)} simulated minutes`;
  const pace = `${seconds} s, ${((done * 1000) / (performance.now() - startMs)).toFixed(1)} seeds/s`;
  if (done === 0) return `sim: nothing was run (${pace})`;
  if (failed.length === 0) return `sim: OK: no invariant broken in ${what} (${pace})`;
  const shown = failed.slice(0, 10).join(' ');
  return `sim: FAILED: ${failed.length} of ${what} (${pace}); replay with --seed: ${shown}`;
}

/** Whoever has waited long enough gets what there is. */
function stop(): void {
  summarize();
  process.exit(1);
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
await runSeeds({ first, last, minutes }, threads, (one) => {
  done++;
  const { seed } = one;
  ahead.add(seed);
  while (ahead.delete(next)) next++;
  if (one.t === 'broken') {
    const { failure } = one;
    failed.push(seed);
    process.stdout.write(
      `seed ${seed} failed (npm run sim -- --seed ${seed} --minutes ${minutes}): ${failure}\n`,
    );
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
process.exitCode = failed.length > 0 ? 1 : 0;
