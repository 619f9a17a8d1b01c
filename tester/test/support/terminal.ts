// A terminal with a shell in it that starts maglevt: tmux, seen and typed into from outside.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 30_000;

/** Looks again every 50 ms; throws with `what` and the last thing seen. */
export async function eventually(
  what: string,
  seen: () => string,
  fits: (text: string) => boolean,
): Promise<string> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const text = seen();
    if (fits(text)) return text;
    if (performance.now() > endMs) throw new Error(`not within ${patienceMs} ms: ${what}\n${text}`);
    await sleep(50);
  }
}

export interface TestTerminal {
  screen(): string;
  /** With escape sequences. */
  painted(): string;
  press(...keys: readonly string[]): void;
  resize(columns: number, rows: number): void;
  waitFor(pattern: RegExp): Promise<string>;
  /** pid of the Node process of maglevt; the shell's child. */
  pid(): Promise<number>;
  readFile(name: string): string;
  /** Waits until maglevt has been stopped by Ctrl-Z. */
  stopped(): Promise<void>;
  /** Has the shell bring it back. */
  bringBack(): void;
  /** Waits for the end; asserts that lines and modes of the terminal are what they were. Gives the status. */
  end(): Promise<number>;
}

export interface TerminalOptions {
  readonly words: readonly string[];
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** In front of the shell: `ip netns exec x`. */
  readonly wrapper?: readonly string[];
}

/** `words`: the command that the shell runs. */
export function openTestTerminal(t: TestContext, options: TerminalOptions): TestTerminal {
  const { words, columns = 100, rows = 30, env = {}, wrapper = [] } = options;
  const directory = mkdtempSync(join(tmpdir(), 'maglevt-'));
  const socket = join(directory, 'tmux.sock');
  const environment = { ...process.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', ...env };
  const tmux = (...more: readonly string[]) =>
    execFileSync('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...more], {
      encoding: 'utf8',
      env: environment,
    });
  // The shell of somebody who looks at the terminal before and after; with job control, as theirs has.
  const script = `cd "$1"; shift
set -m
echo 'a line of before'
stty -g > before
"$@"
code=$?
while [ -n "$(jobs)" ]; do
  : > stopped
  while [ ! -e continue ]; do sleep 0.05; done
  rm continue
  fg > /dev/null
  code=$?
done
echo $code > code
stty -g > after
: > done
exec cat`;
  writeFileSync(join(directory, 'run.sh'), script);
  const command = [...wrapper, 'bash', join(directory, 'run.sh'), directory, ...words];
  tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), ...command);
  t.after(() => {
    tmux('kill-server');
    rmSync(directory, { recursive: true, force: true });
  });
  const terminal: TestTerminal = {
    screen: () => tmux('capture-pane', '-p'),
    painted: () => tmux('capture-pane', '-p', '-e'),
    press: (...keys) => void tmux('send-keys', ...keys),
    resize: (width, height) => void tmux('resize-window', '-x', String(width), '-y', String(height)),
    waitFor: (pattern) => eventually(String(pattern), terminal.screen, (text) => pattern.test(text)),
    async pid() {
      const shell = tmux('display-message', '-p', '#{pane_pid}').trim();
      const children = () => execFileSync('sh', ['-c', `pgrep -P ${shell} || :`], { encoding: 'utf8' });
      return Number.parseInt(await eventually('maglevt runs', children, (text) => /^\d+\n/.test(text)), 10);
    },
    readFile: (name) => readFileSync(join(directory, name), 'utf8').trim(),
    async stopped() {
      await eventually('maglevt is stopped', terminal.screen, () => existsSync(join(directory, 'stopped')));
    },
    bringBack() {
      rmSync(join(directory, 'stopped'));
      writeFileSync(join(directory, 'continue'), '');
    },
    async end() {
      await eventually('the end', terminal.screen, () => existsSync(join(directory, 'done')));
      await eventually('the screen of before', terminal.screen, (text) =>
        text.startsWith('a line of before\n'),
      );
      assert.equal(terminal.readFile('after'), terminal.readFile('before'), 'modes of the terminal');
      const shown = tmux('display-message', '-p', '#{cursor_flag} #{alternate_on} #{wrap_flag}').trim();
      assert.equal(shown, '1 0 1', 'the cursor is shown, the screen is the first one, lines wrap');
      return Number(terminal.readFile('code'));
    },
  };
  return terminal;
}
