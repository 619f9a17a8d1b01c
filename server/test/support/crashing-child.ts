// A process that loads and saves overrides and can end itself with SIGKILL at any point of it.
// Arguments: the state directory, a scenario, the point to die at (-1: live). It writes JSON lines.
import { argv, exit, kill, pid, stdout } from 'node:process';
import { must } from '../../src/lib/assert.ts';
import { createOverridesStore } from '../../src/overrides/store.ts';
import { type Hook, hookFs, systemError } from './hooked-fs.ts';
import { numberedOverrides, numberOf } from './numbered-overrides.ts';

/**
 * load: load only. save: load, then save number 2, dying in the save. put-back: the same, but the directory
 * cannot be flushed the first time. loop: save number after number until somebody ends us.
 */
export type Scenario = 'load' | 'save' | 'put-back' | 'loop';

export interface CrashReport {
  readonly points: number;
  readonly saved?: boolean;
}

const [, , stateDir, scenario, pointText] = argv;
const deathPoint = Number(must(pointText, 'point'));
let counting = scenario === 'load';
let points = 0;
let flushFailures = scenario === 'put-back' ? 1 : 0;

const hook: Hook = (operation, phase) => {
  if (!counting) return;
  if (points === deathPoint) kill(pid, 'SIGKILL');
  points += 1;
  if (operation === 'sync directory' && phase === 'before' && flushFailures > 0) {
    flushFailures -= 1;
    throw systemError('EIO');
  }
};

function tell(line: object): void {
  stdout.write(`${JSON.stringify(line)}\n`);
}

const log = {
  error: (message: string, attributes?: object) => tell({ log: message, ...attributes }),
  warn: (message: string, attributes?: object) => tell({ log: message, ...attributes }),
};
const fs = hookFs(hook);
const store = createOverridesStore({ stateDir: must(stateDir, 'directory'), log, wallMs: Date.now, fs });
const loaded = await store.load();
counting = true;

if (scenario === 'loop') {
  let number = loaded.backends.size === 0 ? 0 : numberOf(loaded);
  tell({ ready: number });
  for (;;) {
    number += 1;
    const result = await store.save(numberedOverrides(number));
    if (!result.ok) exit(3);
    tell({ saved: number });
  }
}
if (scenario === 'load') tell({ points } satisfies CrashReport);
else tell({ saved: (await store.save(numberedOverrides(2))).ok, points } satisfies CrashReport);
