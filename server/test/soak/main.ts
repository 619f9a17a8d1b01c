// `npm run soak -- [--minutes 60] [--seed 1]`: maglevd as a process of its own under churn, on a loopback of
// its own. Ends with observed = desired, no false transition and flat figures, or says what is not so.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { enterSandbox, runInSandbox } from '../../bench/support/sandbox.ts';
import type { BackendJson } from '../../src/api/schemas.ts';
import { createPrng } from '../../src/lib/prng.ts';
import { eventually } from '../support/guarded-process.ts';
import { type LogLine, type Maglevd, mainPath, startMaglevd } from '../support/maglevd.ts';
import { backendCount, Churn, steadyCount } from './churn.ts';
import { type Figures, isFlat, type Trend, trendsOf } from './figures.ts';
import { rigYaml, startBackends, startVpp, waitForSync } from './rig.ts';
import { reporterEnvironment, sample } from './sample.ts';
import { Truth } from './truth.ts';

const port = 8080;
/** Two probes that fail, their time-outs, and a machine that is busy. */
const reachMs = 10_000;
const restMs = 1_500;
const minuteMs = 60_000;

/** Transitions that nothing explains, as text. */
function falseTransitions(log: readonly LogLine[], truth: Truth): string[] {
  return log
    .filter(({ msg, to }) => msg === 'backend-transition' && (to === 'up' || to === 'down'))
    .filter(({ backend, to, time }) => {
      const number = Number(String(backend).slice(1));
      const isFlapping = number >= steadyCount && number < backendCount;
      if (!isFlapping) return to === 'down';
      return !truth.explains(String(backend), to as 'up' | 'down', Date.parse(time));
    })
    .map((line) => JSON.stringify(line));
}

async function checkStates(maglevd: Maglevd, truth: Truth, paused: ReadonlySet<string>): Promise<void> {
  await eventually('every backend is what it really is', 30_000, async () => {
    const { backends } = await maglevd.api<{ backends: readonly BackendJson[] }>('/backends');
    const isRight = ({ name, state }: BackendJson) =>
      state === (paused.has(name) ? 'paused' : truth.isWell(name) ? 'up' : 'down');
    return backends.every(isRight) ? true : undefined;
  });
}

const shown = ({ name, first, last, max, growth, growthMax }: Trend) => {
  const unit = name.endsWith('Bytes') ? 2 ** 20 : 1;
  const text = (value: number) => (value / unit).toFixed(1);
  const what = unit === 1 ? name : `${name} (MiB)`;
  const range = `${text(first)} to ${text(last)}, most ${text(max)}`;
  return `${what}: ${range}; line ${text(growth)}, allowed ${text(growthMax)}`;
};

async function soak(directory: string, minutes: number, seed: number): Promise<boolean> {
  const authPath = join(directory, 'auth');
  const entry = execFileSync(process.execPath, [mainPath, 'hash-password', 'soak'], { input: 'right\n' });
  writeFileSync(authPath, entry, { mode: 0o600 });
  const reportPath = join(directory, 'report.json');
  const vpp = await startVpp();
  const backends = await startBackends(port);
  const maglevd = await startMaglevd({
    config: rigYaml({ port, backendCount }),
    flags: [...vpp.flags, '--auth-file', authPath],
    env: reporterEnvironment(reportPath),
  });
  const truth = new Truth({ reachMs });
  const churn = new Churn({ maglevd, vpp, backends, truth, prng: createPrng(seed) });
  await waitForSync(maglevd);
  const samples: Figures[] = [];
  const startMs = performance.now();
  for (let saidMs = 0; performance.now() - startMs < minutes * minuteMs; ) {
    await churn.round();
    await sleep(restMs);
    const figures = await sample(maglevd.pid, reportPath, performance.now() - startMs);
    samples.push(figures);
    if (figures.atMs - saidMs < minuteMs) continue;
    saidMs = figures.atMs;
    process.stderr.write(`soak: ${Math.round(saidMs / minuteMs)} min ${JSON.stringify(figures)}\n`);
  }
  await checkStates(maglevd, truth, churn.paused);
  const syncMs = await waitForSync(maglevd);
  process.stdout.write(`observed = desired after ${Math.round(syncMs)} ms\n`);
  process.stdout.write(`${JSON.stringify(churn.counts)}\n`);
  const wrong = falseTransitions(maglevd.log, truth);
  const count = maglevd.log.filter(({ msg }) => msg === 'backend-transition').length;
  process.stdout.write(
    `${count} transitions, ${wrong.length} false\n${wrong.map((one) => `${one}\n`).join('')}`,
  );
  const trends = trendsOf(samples);
  for (const trend of trends) {
    process.stdout.write(`${isFlat(trend) ? 'flat' : 'GROWS'}  ${shown(trend)}\n`);
  }
  const errors = maglevd.log.filter(({ level, msg }) => level === 'error' && msg === 'request-failed');
  assert.deepEqual(errors, [], 'no request failed on a mistake of ours');
  await maglevd.stop();
  await backends.kill();
  await vpp.stop();
  return wrong.length === 0 && trends.every(isFlat);
}

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0) || !Number.isInteger(seed)) {
  process.stderr.write('soak: --minutes takes a number above 0, --seed a whole number\n');
  process.exit(2);
}
const directory = enterSandbox();
if (directory === undefined) {
  process.exit(await runInSandbox(fileURLToPath(import.meta.url), process.argv.slice(2)));
}
const isWell = await soak(directory, minutes, seed);
process.stdout.write(isWell ? 'soak: passed\n' : 'soak: FAILED\n');
process.exit(isWell ? 0 : 1);
