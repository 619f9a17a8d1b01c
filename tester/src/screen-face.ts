// The face for people: keys, frames, signals. Shell; what is drawn is the view's, what a key means the
// update's.
import { constants } from 'node:os';
import type { Options } from './arguments.ts';
import type { Timer } from './clock.ts';
import type { Key } from './keys.ts';
import { frameIntervalMs } from './limits.ts';
import { asciiSigns, coloured, colourless, unicodeSigns } from './paint.ts';
import { startSession } from './session.ts';
import { farewellText } from './summary.ts';
import type { Target } from './targets.ts';
import { openTerminal } from './terminal.ts';
import { update } from './update.ts';
import { view } from './view.ts';

export interface ScreenDeps {
  readonly options: Options;
  readonly targets: readonly Target[];
  readonly hasColour: boolean;
  readonly hasUnicode: boolean;
}

export function runScreen({ options, targets, hasColour, hasUnicode }: ScreenDeps): void {
  const pen = { paint: hasColour ? coloured : colourless, signs: hasUnicode ? unicodeSigns : asciiSigns };
  const session = startSession({ options, targets, columns: 80, rows: 24, onFinished: () => quit(0) });
  const { clock, model } = session;
  const terminal = openTerminal({
    clock,
    input: process.stdin,
    output: process.stdout,
    onKey,
    onResize(columns, rows) {
      update(model, { t: 'resize', columns, rows });
      draw();
    },
  });
  let timer: Timer | undefined;

  function draw(): void {
    const nowMs = clock.nowMs();
    terminal.draw(view(model, { ...pen, nowMs, offsetMinutes: clock.offsetMinutes(nowMs) }));
  }
  function planFrame(): void {
    timer = clock.setTimer(frameIntervalMs, () => {
      draw();
      planFrame();
    });
  }
  function onKey(key: Key): void {
    if (key === 'quit') quit(0);
    else if (key === 'suspend') suspend();
    else {
      if (key === 'redraw') terminal.forget();
      else session.act(key);
      draw();
    }
  }
  /** As the terminal itself would do it for Ctrl-Z: the whole group stops. */
  function suspend(): void {
    session.suspend();
    timer?.cancel();
    terminal.whenQuiet(() => {
      terminal.restore();
      process.removeListener('SIGTSTP', suspend);
      process.kill(0, 'SIGTSTP');
    });
  }
  function comeBack(): void {
    process.removeListener('SIGTSTP', suspend);
    process.on('SIGTSTP', suspend);
    timer?.cancel();
    terminal.restore();
    terminal.enter();
    update(model, { t: 'resize', columns: terminal.columns, rows: terminal.rows });
    session.resume();
    draw();
    planFrame();
  }
  function quit(status: number): void {
    timer?.cancel();
    session.stop();
    terminal.whenQuiet(() => {
      terminal.restore();
      process.stdout.write(farewellText(model, clock.nowMs()));
      process.exit(status);
    });
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => quit(128 + constants.signals[signal]));
  }
  process.on('SIGTSTP', suspend);
  process.on('SIGCONT', comeBack);
  update(model, { t: 'resize', columns: terminal.columns, rows: terminal.rows });
  draw();
  planFrame();
}
