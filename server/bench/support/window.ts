// One stretch of time in which one program is measured: its CPU time beside what it did, and what else ran.
// It must not know which program it is.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cpus } from '../trial.ts';
import { type NetCounter, readBusyMs, readCpuTime, readNetCounter, readResidentBytes } from './proc.ts';
import type { Program } from './process-group.ts';

export interface Window {
  readonly elapsedMs: number;
  /** The kernel samples how CPU time divides into these two; their sum is exact. */
  readonly userMs: number;
  readonly systemMs: number;
  /** Probes that were started, as the kernel counted them. */
  readonly probes: number;
  readonly residentBytes: number;
  /** Share of the program's processor that others used. */
  readonly othersShare: number;
  /** How busy the processor of what is probed was, with whomever. */
  readonly targetShare: number;
}

export interface WindowOptions {
  readonly program: Program;
  readonly cpus: Cpus;
  readonly counter: NetCounter;
  readonly seconds: number;
}

export async function measureWindow({ program, cpus, counter, seconds }: WindowOptions): Promise<Window> {
  const read = () => ({
    atMs: performance.now(),
    cpu: readCpuTime(program.pid),
    probes: readNetCounter(counter),
    busyMs: readBusyMs(cpus.prober),
    targetBusyMs: readBusyMs(cpus.target),
  });
  const before = read();
  await sleep(seconds * 1000);
  program.assertAlive();
  const after = read();
  const elapsedMs = after.atMs - before.atMs;
  const userMs = after.cpu.userMs - before.cpu.userMs;
  const systemMs = after.cpu.systemMs - before.cpu.systemMs;
  return {
    elapsedMs,
    userMs,
    systemMs,
    probes: after.probes - before.probes,
    residentBytes: readResidentBytes(program.pid),
    othersShare: Math.max(0, (after.busyMs - before.busyMs - userMs - systemMs) / elapsedMs),
    targetShare: (after.targetBusyMs - before.targetBusyMs) / elapsedMs,
  };
}

/** Several windows of one program as one; memory is the largest. */
export function joinWindows(windows: readonly Window[]): Window {
  const sum = (of: (window: Window) => number) => windows.reduce((total, window) => total + of(window), 0);
  const elapsedMs = sum((window) => window.elapsedMs);
  const share = (of: (window: Window) => number) =>
    sum((window) => of(window) * window.elapsedMs) / elapsedMs;
  return {
    elapsedMs,
    userMs: sum(({ userMs }) => userMs),
    systemMs: sum(({ systemMs }) => systemMs),
    probes: sum(({ probes }) => probes),
    residentBytes: Math.max(...windows.map(({ residentBytes }) => residentBytes)),
    othersShare: share(({ othersShare }) => othersShare),
    targetShare: share(({ targetShare }) => targetShare),
  };
}

/** CPU time per 1,000 probes, in milliseconds. */
export function cpuMsPerThousand({ userMs, systemMs, probes }: Window): number {
  return (1000 * (userMs + systemMs)) / probes;
}
