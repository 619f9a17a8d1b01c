// The two ends of the probing thread: `startProberThread` for the rest of the program, and, when this file is
// what a worker runs, the prober behind it. It must not know what is done with the reports.
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { realClock } from './clock.ts';
import { proberNurseryMegabytes } from './limits.ts';
import type { Report } from './outcome.ts';
import { type Prober, startProber } from './prober.ts';
import { makeQuestions, type ProbeOptions } from './questions.ts';
import type { Target } from './targets.ts';

interface Assignment {
  readonly maglevtProber: true;
  readonly targets: readonly Target[];
  readonly options: ProbeOptions;
  readonly userAgent: string;
}

type Command = 'taken' | 'pause' | 'resume' | 'drain' | 'stop';

export interface ThreadDeps extends Omit<Assignment, 'maglevtProber'> {
  readonly report: (report: Report) => void;
  /** The thread broke: a bug, or no memory. */
  readonly onFault: (error: Error) => void;
}

/** Reports are taken as they come. After `stop` none comes any more. */
export function startProberThread({ report, onFault, ...rest }: ThreadDeps): Omit<Prober, 'taken'> {
  const assignment: Assignment = { maglevtProber: true, ...rest };
  const worker = new Worker(new URL(import.meta.url), {
    workerData: assignment,
    // Sockets live so short that a small nursery, emptied often, pauses for 1 ms; a large one for 10 and
    // more.
    resourceLimits: { maxYoungGenerationSizeMb: proberNurseryMegabytes },
  });
  const tell = (command: Command) => worker.postMessage(command);
  let stopped = false;
  worker.on('message', (message: Report) => {
    if (stopped) return;
    tell('taken');
    report(message);
  });
  worker.on('error', onFault);
  return {
    pause: () => tell('pause'),
    resume: () => tell('resume'),
    drain: () => tell('drain'),
    stop() {
      stopped = true;
      tell('stop');
    },
  };
}

function serve(port: NonNullable<typeof parentPort>, { targets, options, userAgent }: Assignment): void {
  const questions = makeQuestions(targets, options, userAgent);
  const report = (message: Report) => port.postMessage(message);
  const prober = startProber({ clock: realClock, questions, options, report });
  port.on('message', (command: Command) => {
    prober[command]();
    if (command === 'stop') port.close();
  });
}

const assigned = workerData as Partial<Assignment> | null;
if (parentPort && assigned?.maglevtProber) serve(parentPort, assigned as Assignment);
