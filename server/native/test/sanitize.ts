// The sanitizer lane: the addon's tests with AddressSanitizer, LeakSanitizer and UBSan (gcc's, so that no
// other compiler is needed), then a short run of the C fuzzers where clang is there. Any report fails it.
//   node native/test/sanitize.ts [--fuzz-seconds N]
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const serverFolder = fileURLToPath(new URL('../../', import.meta.url));
const nativeFolder = join(serverFolder, 'native');
const suites = ['native/test/*.test.ts', 'test/integration/{icmp,native}*.test.ts'];
const { values } = parseArgs({ options: { 'fuzz-seconds': { type: 'string', default: '5' } } });
const fuzzSeconds = Number(values['fuzz-seconds']);

function main(): number {
  const reports = mkdtempSync(join(tmpdir(), 'maglev-sanitize-'));
  try {
    make('sanitize');
    const testsPass = runTests(reports);
    const fuzzersPass = runFuzzers();
    const texts = readdirSync(reports).map((name) => readFileSync(join(reports, name), 'utf8'));
    for (const text of texts) process.stderr.write(text);
    process.stdout.write(`sanitize: ${texts.length} reports\n`);
    return testsPass && fuzzersPass && texts.length === 0 ? 0 : 1;
  } finally {
    rmSync(reports, { recursive: true });
  }
}

function make(target: string): void {
  execFileSync('make', ['--silent', '--directory', nativeFolder, target], { stdio: 'inherit' });
}

function runTests(reports: string): boolean {
  const files = suites.flatMap((pattern) => globSync(pattern, { cwd: serverFolder })).sort();
  const common = `log_path=${join(reports, 'report')}:exitcode=99`;
  const env = {
    ...process.env,
    // Node is not instrumented, so the runtimes must be there before it starts.
    LD_PRELOAD: [gccLibrary('libasan.so'), gccLibrary('libubsan.so')].join(' '),
    MAGLEV_ADDON: join(nativeFolder, 'build/maglev-sanitized.node'),
    ASAN_OPTIONS: `${common}:detect_leaks=1:malloc_context_size=2`,
    LSAN_OPTIONS: `suppressions=${join(nativeFolder, 'test/lsan.supp')}:print_suppressions=0`,
    UBSAN_OPTIONS: `${common}:print_stacktrace=1:halt_on_error=1`,
  };
  const args = ['--test', '--test-concurrency=1', '--test-timeout=120000', ...files];
  return spawnSync(process.execPath, args, { cwd: serverFolder, env, stdio: 'inherit' }).status === 0;
}

function gccLibrary(name: string): string {
  const path = execFileSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
  if (dirname(path) === '.')
    throw new Error(`gcc has no ${name}: install libgcc-12-dev (or your gcc's version)`);
  return realpathSync(path);
}

function runFuzzers(): boolean {
  if (spawnSync('clang', ['--version']).status !== 0) {
    process.stderr.write('NOT RUN, the C fuzzers: install clang and libclang-rt-dev to run them\n');
    return true;
  }
  make('fuzz');
  const names = globSync('test/fuzz_*.c', { cwd: nativeFolder }).map((path) => path.slice(5, -2));
  return names.sort().every((name) => runFuzzer(name));
}

function runFuzzer(name: string): boolean {
  const args = [`-max_total_time=${fuzzSeconds}`, '-print_final_stats=1', '-verbosity=0', '-max_len=512'];
  const folder = mkdtempSync(join(tmpdir(), 'maglev-fuzz-'));
  try {
    const run = spawnSync(join(nativeFolder, 'build', name), args, { cwd: folder, encoding: 'utf8' });
    const executions = /stat::number_of_executed_units: (\d+)/.exec(run.stderr)?.[1] ?? 'no';
    process.stdout.write(
      `sanitize: ${name}: ${executions} executions in ${fuzzSeconds} s, exit ${run.status}\n`,
    );
    if (run.status !== 0) process.stderr.write(run.stderr);
    return run.status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

process.exitCode = main();
