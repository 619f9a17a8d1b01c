// How long the page was busy and how much it holds, as the browser itself measures it. The length of a task
// is taken both by the clock and by the CPU time of its thread: on a shared machine the first says how long
// the scheduler let others run, only the second how long ours took.
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, CDPSession, Page } from 'playwright-core';

export interface FrameFigures {
  /** Longest task of the page's main thread, CPU time. */
  readonly taskCpuMsMax: number;
  /** The same by the clock. */
  readonly taskMsMax: number;
  readonly tasksOver50Ms: number;
  /** Between two animation frames. */
  readonly frameGapMsMax: number;
  readonly frameGapMsP99: number;
  readonly frames: number;
}

export interface MemoryFigures {
  readonly heapMiB: number;
  readonly domNodes: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Counts frames in the page from now on; `readFrames` ends it. */
export async function countFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const gaps: number[] = [];
    let last = performance.now();
    const note = (now: number) => {
      gaps.push(now - last);
      last = now;
      requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
    Object.assign(window, { frameGaps: gaps });
  });
}

/** A trace of this long is still small enough to be read in one piece. */
const windowSeconds = 20;

/** Measures the page for `seconds`. */
export async function measureFrames(browser: Browser, page: Page, seconds: number): Promise<FrameFigures> {
  await countFrames(page);
  const windows: { cpuMs: number; ms: number; over: number }[] = [];
  for (let left = seconds; left > 0; left -= windowSeconds) {
    const tasks = await traceTasks(browser, page, Math.min(left, windowSeconds));
    windows.push({
      cpuMs: tasks.reduce((most, { tdur = 0 }) => Math.max(most, tdur / 1000), 0),
      ms: tasks.reduce((most, { dur = 0 }) => Math.max(most, dur / 1000), 0),
      over: tasks.filter(({ tdur = 0 }) => tdur > 50_000).length,
    });
  }
  const gaps = await page.evaluate(() => (window as unknown as { frameGaps: number[] }).frameGaps.slice(2));
  gaps.sort((left, right) => left - right);
  return {
    taskCpuMsMax: Math.max(...windows.map(({ cpuMs }) => cpuMs)),
    taskMsMax: Math.max(...windows.map(({ ms }) => ms)),
    tasksOver50Ms: windows.reduce((sum, { over }) => sum + over, 0),
    frameGapMsMax: gaps.at(-1) ?? 0,
    frameGapMsP99: gaps[Math.floor(gaps.length * 0.99)] ?? 0,
    frames: gaps.length,
  };
}

async function traceTasks(browser: Browser, page: Page, seconds: number): Promise<readonly TraceEvent[]> {
  await browser.startTracing(page, { categories: ['toplevel'] });
  await pause(seconds * 1000);
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const tasks = mainThreadTasks(trace.traceEvents);
  if (tasks.length === 0) throw new Error('the trace holds no task of the main thread');
  return tasks;
}

/** Whole tasks of the busiest page thread: the page under test is the only one that works. */
function mainThreadTasks(events: readonly TraceEvent[]): readonly TraceEvent[] {
  const mains = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const tasksOf = ({ pid, tid }: TraceEvent) =>
    events.filter((event) => event.pid === pid && event.tid === tid && event.name.endsWith('RunTask'));
  return mains
    .map(tasksOf)
    .reduce<readonly TraceEvent[]>((most, tasks) => (tasks.length > most.length ? tasks : most), []);
}

/** Heap and nodes after the garbage is gone. */
export async function measureMemory(session: CDPSession): Promise<MemoryFigures> {
  await session.send('Performance.enable');
  for (let round = 0; round < 2; round += 1) await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const read = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return { heapMiB: read('JSHeapUsedSize') / 1024 / 1024, domNodes: read('Nodes') };
}
