// The floor: the plainest loop in C that does the same probes, built from ../floor. It must not know maglevd.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Package, TrialContext } from '../trial.ts';
import type { Baseline } from './probe-duel.ts';
import { type Program, waitUntil } from './process-group.ts';

const directory = fileURLToPath(new URL('../floor/', import.meta.url));
const startPatienceMs = 10_000;
const answerPatienceMs = 2_000;
const intervalMs = 1000;
/** It has probed all by then, and has no compiler to wait for. */
const warmUpMs = 500;

export type FloorKind = 'tcp' | 'http' | 'icmp';

export const floorPackages: readonly Package[] = [
  { name: 'gcc', program: 'gcc' },
  { name: 'make', program: 'make' },
];

/** Path of a program of the floor, built if it is not. */
export function floorProgram(name: 'floor' | 'responder'): string {
  execFileSync('make', ['--silent', '--directory', directory, `build/${name}`], { stdio: 'inherit' });
  return `${directory}build/${name}`;
}

/** @param port of all targets; nothing to icmp */
export function floorBaseline(
  { processes, cpus }: TrialContext,
  kind: FloorKind,
  { count, port }: { readonly count: number; readonly port: number },
  ratioMax?: number,
): Baseline {
  return {
    name: 'floor',
    warmUpMs,
    ...(ratioMax !== undefined && { ratioMax }),
    async start() {
      const args = [kind, ...[count, port, intervalMs].map(String)];
      const command = floorProgram('floor');
      const program = processes.start({ name: 'floor', cpu: cpus.prober, command, args });
      const isReady = async () => program.output().includes('ready');
      await waitUntil('the floor has probed all', program, startPatienceMs, isReady);
      return program;
    },
    countFailed,
  };
}

async function countFailed(program: Program): Promise<number> {
  process.kill(program.pid, 'SIGUSR2');
  const count = () => /, (\d+) failed/.exec(program.output())?.[1];
  await waitUntil('the floor says what failed', program, answerPatienceMs, async () => count() !== undefined);
  return Number(count());
}

/** Answers HTTP on every loopback address, on the target's processor, where nginx would be too slow. */
export async function startResponder({ processes, cpus }: TrialContext, port: number): Promise<Program> {
  const command = floorProgram('responder');
  const program = processes.start({ name: 'responder', cpu: cpus.target, command, args: [String(port)] });
  const isReady = async () => program.output().includes('ready');
  await waitUntil('the responder listens', program, startPatienceMs, isReady);
  return program;
}
