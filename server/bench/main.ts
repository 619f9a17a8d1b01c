// Runs named trials, each beside a baseline, and shows what was measured. It judges nothing but the project's
// own bars, and a missed one is no failure of the run.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, release } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Arguments, parseArguments, usageText } from './arguments.ts';
import { missingText } from './support/packages.ts';
import { allowedCpus } from './support/proc.ts';
import { createProcessGroup, type ProcessGroup } from './support/process-group.ts';
import { sectionText, withSection } from './support/results-page.ts';
import { enterSandbox, runInSandbox, sandboxPackages } from './support/sandbox.ts';
import { missedLines, type NamedFindings, tableLines } from './support/table.ts';
import { BrokenRun, type Cpus, meetsBar, ratioOf, type Trial } from './trial.ts';
import { trials } from './trials.ts';

const exitBroken = 1;
const exitUsage = 2;
const say = (text: string) => process.stderr.write(`bench: ${text}\n`);

function chooseCpus(): Cpus {
  const [target, prober] = allowedCpus();
  if (target !== undefined && prober !== undefined) return { target, prober };
  throw new BrokenRun('two CPUs are needed: one for what probes, one for what is probed');
}

async function runTrial(trial: Trial, parent: string, { seconds }: Arguments): Promise<NamedFindings> {
  const directory = join(parent, trial.name);
  mkdirSync(directory);
  const processes = createProcessGroup(directory);
  const release = stopOnSignal(processes);
  const progress = (text: string) => say(`${trial.name}: ${text}`);
  progress(trial.about);
  try {
    const findings = await trial.run({ seconds, directory, cpus: chooseCpus(), processes, progress });
    return { trial: trial.name, ...findings };
  } finally {
    await processes.stopAll();
    release();
  }
}

/** A signal breaks the run off; what it has started ends with it. */
function stopOnSignal(processes: ProcessGroup): () => void {
  const stop = () => void processes.stopAll().finally(() => process.exit(exitBroken));
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return () => void process.off('SIGINT', stop).off('SIGTERM', stop);
}

function writeJson(
  path: string,
  results: readonly NamedFindings[],
  { seconds }: Arguments,
  loadBefore: number,
) {
  const machine = {
    kernel: release(),
    arch: arch(),
    cpu: cpus()[0]?.model ?? '',
    cpuCount: cpus().length,
    node: process.version,
    loadBefore,
    loadAfter: loadavg()[0] ?? 0,
  };
  const shown = results.map(({ trial, figures, notes }) => ({
    trial,
    figures: figures.map((figure) => ({ ...figure, ratio: ratioOf(figure), met: meetsBar(figure) })),
    notes,
  }));
  writeFileSync(
    path,
    `${JSON.stringify({ at: new Date().toISOString(), seconds, machine, results: shown }, null, 2)}\n`,
  );
}

const docsPath = fileURLToPath(new URL('../../docs/', import.meta.url));

/** What ran is written into its place on the page; a picture lies beside the others of the documentation. */
function writePage(results: readonly NamedFindings[], { seconds }: Arguments, load: string): void {
  const path = join(docsPath, 'benchmarks.md');
  const day = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} CPUs (${cpus()[0]?.model ?? 'of unknown kind'})`;
  const system = `Linux ${release().split('-')[0]}, Node ${process.version}`;
  const stamp = `Measured ${day}, ${seconds} s per program, ${machine}, ${system}. ${load}`;
  let page = readFileSync(path, 'utf8');
  for (const result of results) {
    const written = withSection(page, result.trial, sectionText(result.trial, result, stamp));
    if (written === undefined) say(`${result.trial}: has no place in docs/benchmarks.md`);
    page = written ?? page;
    if (result.plot !== undefined)
      writeFileSync(join(docsPath, 'images', `${result.trial}.svg`), result.plot);
  }
  writeFileSync(path, page);
}

async function runAll(chosen: readonly Trial[], directory: string, options: Arguments): Promise<void> {
  const loadBefore = loadavg()[0] ?? 0;
  const results: NamedFindings[] = [];
  for (const trial of chosen) results.push(await runTrial(trial, directory, options));
  const notes = results.flatMap(({ trial, notes }) => notes.map((note) => `${trial}: ${note}`));
  const loads = [loadBefore, loadavg()[0] ?? 0].map((value) => value.toFixed(2));
  const load = `Load of the machine (1 min): ${loads.join(' before, ')} after.`;
  const lines = [...tableLines(results), '', ...notes, load, ...missedLines(results)];
  process.stdout.write(`${lines.join('\n')}\n`);
  // npm runs us in the workspace's directory and says where it was called.
  const base = process.env['INIT_CWD'] ?? process.cwd();
  if (options.jsonPath !== undefined)
    writeJson(resolve(base, options.jsonPath), results, options, loadBefore);
  if (options.writesPage) writePage(results, options, load);
}

async function main(argv: readonly string[]): Promise<number> {
  const options = parseArguments(
    argv,
    trials.map(({ name }) => name),
  );
  if ('refusal' in options) {
    process.stderr.write(`bench: ${options.refusal}\n\n${usageText}`);
    return exitUsage;
  }
  if (options.action === 'help') process.stdout.write(usageText);
  if (options.action === 'list') {
    for (const { name, about, isLong } of trials)
      process.stdout.write(`${name.padEnd(20)}${about}${isLong === true ? ' (long)' : ''}\n`);
  }
  if (options.action !== 'run') return 0;
  const { only, all } = options;
  const chosen = trials.filter(
    ({ name, isLong }) => only.includes(name) || (only.length === 0 && (all || !isLong)),
  );
  const missing = missingText([...sandboxPackages, ...chosen.flatMap(({ needs }) => needs)]);
  if (missing !== undefined) throw new BrokenRun(missing);
  const directory = enterSandbox();
  if (directory === undefined) return runInSandbox(fileURLToPath(import.meta.url), argv);
  await runAll(chosen, directory, options);
  return 0;
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  // Of a broken run the sentence says all; anything else is a bug of the bench.
  say(error instanceof BrokenRun ? error.message : ((error as Error).stack ?? String(error)));
  process.exit(exitBroken);
}
