// Programs that a trial starts: pinned to a processor, output kept in a file, each ended by its own pid.
// It must not know what the programs are.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BrokenRun } from '../trial.ts';

/** maglevd itself gives up on an orderly stop after five. */
const stopPatienceMs = 7000;
const pollMs = 100;
const outputLinesShown = 15;

export interface Program {
  readonly name: string;
  readonly pid: number;
  /** Throws a BrokenRun with the end of its output when the program is no longer there. */
  assertAlive(): void;
  output(): string;
  /** What came after so many bytes of output. */
  outputFrom(byte: number): Buffer;
  /** Resolves with the exit code once it has ended by itself; 128 for a signal. */
  ended(): Promise<number>;
  /** Asks it to end, then makes it; resolves when it is gone. A second call does nothing. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly name: string;
  readonly cpu: number;
  readonly command: string;
  readonly args: readonly string[];
}

export interface ProcessGroup {
  start(options: StartOptions): Program;
  stopAll(): Promise<void>;
}

export function createProcessGroup(directory: string): ProcessGroup {
  const programs: Program[] = [];
  return {
    start(options) {
      const program = startProgram(options, join(directory, `${programs.length}-${options.name}.log`));
      programs.push(program);
      return program;
    },
    async stopAll() {
      await Promise.all(programs.map((program) => program.stop()));
    },
  };
}

function startProgram({ name, cpu, command, args }: StartOptions, outputPath: string): Program {
  const output = openSync(outputPath, 'w');
  // taskset replaces itself with the command: the pid is the command's own.
  const child = spawn('taskset', ['--cpu-list', String(cpu), command, ...args], {
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const ended = endOf(child);
  let isOver = false;
  ended.then(
    () => {
      isOver = true;
    },
    () => {
      isOver = true;
    },
  );
  const read = () => readFileSync(outputPath, 'utf8');
  const assertAlive = () => {
    if (isOver) throw new BrokenRun(`${name} has ended by itself:\n${lastLines(read())}`);
  };
  return {
    name,
    pid: pidOf(child, name),
    assertAlive,
    output: read,
    outputFrom: (byte) => readFrom(outputPath, byte),
    ended: () => ended,
    async stop() {
      if (isOver) return;
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(stopPatienceMs, undefined, { ref: false })]);
      if (!isOver) child.kill('SIGKILL');
      await ended;
    },
  };
}

function readFrom(path: string, byte: number): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - byte));
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, byte));
  } finally {
    closeSync(descriptor);
  }
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 128));
  });
}

function pidOf(child: ChildProcess, name: string): number {
  if (child.pid === undefined)
    throw new BrokenRun(`${name} cannot be started: is taskset (util-linux) there?`);
  return child.pid;
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-outputLinesShown).join('\n');
}

/** Asks `isDone` again and again; a BrokenRun when `program` ends meanwhile, or `patienceMs` is over. */
export async function waitUntil(
  what: string,
  program: Program,
  patienceMs: number,
  isDone: () => Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!(await isDone())) {
    program.assertAlive();
    if (performance.now() > endMs) {
      throw new BrokenRun(`${what}: not within ${patienceMs} ms\n${lastLines(program.output())}`);
    }
    await sleep(pollMs);
  }
}
