// Looks at a running maglevd that was started with the reporter: what Linux says of the process, and what it
// says of itself. It must not know what the process is put through.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/guarded-process.ts';
import type { Figures } from './figures.ts';

const reporterPath = fileURLToPath(new URL('./reporter.ts', import.meta.url));
const patienceMs = 30_000;

/** Environment for a maglevd that is to be sampled. */
export function reporterEnvironment(reportPath: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${reporterPath}`, SOAK_REPORT: reportPath };
}

interface Report {
  readonly heapUsed: number;
  readonly resources: Readonly<Record<string, number>>;
}

export async function sample(pid: number, reportPath: string, atMs: number): Promise<Figures> {
  rmSync(reportPath, { force: true });
  process.kill(pid, 'SIGUSR2');
  const report = await eventually('the process reports', patienceMs, () => readReport(reportPath));
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return {
    atMs,
    residentBytes: field('VmRSS') * 1024,
    heapBytes: report.heapUsed,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: field('Threads'),
    timers: report.resources['Timeout'] ?? 0,
  };
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
