// `npm run fuzz -- [--seconds 60]`: every fuzzer for so many seconds, one after the other: those in
// JavaScript from a random seed, and those of the native addon where clang is there. Stops at the first
// finding.
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomSeed } from '../../src/lib/prng.ts';
import { fuzzConfig } from './config-text.ts';
import { fuzzGrpc } from './grpc-frames.ts';
import { fuzz as fuzzHttp } from './http-response.ts';
import { fuzzIcmp } from './icmp-message.ts';
import { fuzz as fuzzReplies } from './vpp-replies.ts';
import { fuzzStats } from './vpp-stats.ts';
import { fuzzWatch } from './watch-query.ts';

type Fuzz = (firstSeed: number, seconds: number) => number | Promise<number>;

/** For those that count for themselves. */
function timed(fuzz: (seed: number, isOver: (executions: number) => boolean) => unknown): Fuzz {
  return (seed, seconds) => {
    const endMs = performance.now() + seconds * 1000;
    let count = 0;
    fuzz(seed, (executions) => {
      count = executions;
      return performance.now() >= endMs;
    });
    return count;
  };
}

const fuzzers: Readonly<Record<string, Fuzz>> = {
  'http-response': fuzzHttp,
  'icmp-message': timed(fuzzIcmp),
  'vpp-replies': fuzzReplies,
  'vpp-stats': timed(fuzzStats),
  'config-text': fuzzConfig,
  'watch-query': fuzzWatch,
  'grpc-frames': fuzzGrpc,
};
const nativeFolder = fileURLToPath(new URL('../../native', import.meta.url));

/** libFuzzer keeps what it finds interesting in build/corpus, and begins with it the next time. */
function fuzzNative(seconds: number): boolean {
  if (spawnSync('clang', ['--version']).status !== 0) {
    process.stderr.write('NOT RUN, the C fuzzers: install clang and libclang-rt-dev to run them\n');
    return true;
  }
  execFileSync('make', ['--silent', '--directory', nativeFolder, 'fuzz'], { stdio: 'inherit' });
  const names = globSync('test/fuzz_*.c', { cwd: nativeFolder }).map((path) => basename(path, '.c'));
  return names.sort().every((name) => {
    const corpus = join(nativeFolder, 'build/corpus', name);
    mkdirSync(corpus, { recursive: true });
    const limits = [`-max_total_time=${seconds}`, '-max_len=4096', '-print_final_stats=1', '-verbosity=0'];
    const program = join(nativeFolder, 'build', name);
    const run = spawnSync(program, [...limits, `-artifact_prefix=${corpus}/`, corpus], { encoding: 'utf8' });
    const executions = /stat::number_of_executed_units: (\d+)/.exec(run.stderr)?.[1] ?? 'no';
    process.stdout.write(`${name}: ${executions} executions in ${seconds} s, exit ${run.status}\n`);
    if (run.status !== 0) process.stderr.write(run.stderr);
    return run.status === 0;
  });
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const seconds = Number(values.seconds);
if (!(seconds > 0)) {
  process.stderr.write('fuzz: --seconds takes a number above 0\n');
  process.exit(2);
}
for (const [name, fuzz] of Object.entries(fuzzers)) {
  const seed = randomSeed();
  const count = await fuzz(seed, seconds);
  process.stdout.write(`${name}: ${count} executions in ${seconds} s from seed ${seed}\n`);
}
process.exitCode = fuzzNative(seconds) ? 0 : 1;
