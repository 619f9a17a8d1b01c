// The shell in a real terminal with somebody at the keyboard: abbreviations, TAB, `?`, paste, resize, Ctrl-C,
// Ctrl-D, and that the terminal is afterwards what it was.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  eventually,
  makeDirectory,
  removeDirectory,
  requireProgram,
} from '../../server/test/support/guarded-process.ts';
import { cleanEnvironment } from '../../server/test/support/maglevd.ts';
import { netnsSkip } from '../../server/test/support/netns.ts';
import { clientPath, startDemo } from './support/maglevc.ts';

const patienceMs = 20_000;
const prompt = '127.0.0.1:9090>';

interface Terminal {
  readonly directory: string;
  screen(): string;
  /** Each key by itself: keys in one write are a paste. */
  type(text: string): void;
  press(key: string): void;
  paste(text: string): void;
  resize(columns: number, rows: number): void;
  /** Until it is on the screen. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
  clear(): void;
}

async function openTerminal(t: TestContext): Promise<Terminal> {
  const tmuxPath = requireProgram('tmux', 'tmux');
  const demo = await startDemo();
  const directory = makeDirectory('maglevc');
  const socket = join(directory, 'tmux.sock');
  const env = cleanEnvironment({ TERM: 'xterm-256color', LANG: 'C.UTF-8', XDG_STATE_HOME: directory });
  const tmux = (...words: readonly string[]) =>
    execFileSync(tmuxPath, ['-u', '-S', socket, '-f', '/dev/null', ...words], { encoding: 'utf8', env });
  // The shell of somebody who looks at the terminal before and after.
  const script = `cd "$1"; shift
stty -g > before
"$@"
echo $? > code
stty -g > after
echo ended
exec cat`;
  writeFileSync(join(directory, 'run.sh'), script);
  const program = [process.execPath, clientPath, '--server', demo.server];
  const shell = ['sh', join(directory, 'run.sh'), directory, ...program];
  tmux('new-session', '-d', '-x', '110', '-y', '40', 'ip', 'netns', 'exec', demo.netns.name, ...shell);
  t.after(async () => {
    tmux('kill-server');
    await demo.stop();
    removeDirectory(directory);
  });
  const screen = () => tmux('capture-pane', '-p', '-J').replaceAll(/ +$/gm, '').trimEnd();
  return {
    directory,
    screen,
    type(text) {
      for (const letter of text) tmux('send-keys', '-l', letter);
    },
    press: (key) => void tmux('send-keys', key),
    paste(text) {
      tmux('set-buffer', text);
      tmux('paste-buffer');
    },
    resize: (columns, rows) => void tmux('resize-window', '-x', String(columns), '-y', String(rows)),
    shows: (pattern) =>
      eventually(`${pattern} on the screen`, patienceMs, () => pattern.exec(screen()) ?? undefined).catch(
        (error) => {
          throw new Error(`${error.message}\n${screen()}`);
        },
      ),
    clear: () => void tmux('send-keys', 'C-l'),
  };
}

const skip = netnsSkip();

test('abbreviations, TAB and ? lead through a change', { skip }, async (t) => {
  const terminal = await openTerminal(t);
  await terminal.shows(/9090>$/m);
  terminal.type('sh');
  terminal.press('Tab');
  await terminal.shows(/9090> show$/m);
  terminal.type('b');
  terminal.press('Tab');
  await terminal.shows(/9090> show backend$/m);
  terminal.type('?');
  await terminal.shows(
    /^ {2}backends +all backends with state and last result\n {2}backend +one backend\n.*> show backend$/m,
  );
  terminal.type(' st');
  terminal.press('Tab');
  await terminal.shows(/> show backend steady-$/m);
  terminal.press('Tab');
  await terminal.shows(/^ {2}steady-a {2}(up|unknown), 127\.0\.0\.11\n {2}steady-b/m);
  terminal.type('a');
  terminal.press('Enter');
  await terminal.shows(/^backend +steady-a\nstate +[●?] /m);
  terminal.clear();
  terminal.type('set b steady-a p reason "why?"');
  await terminal.shows(/"why\?"$/m);
  terminal.press('Enter');
  await terminal.shows(/^backend steady-a .* -> ‖ paused$/m);
  terminal.clear();
  terminal.type('sh o | inc steady');
  terminal.press('Enter');
  await terminal.shows(/^steady-a +‖ paused .* why\?$/m);
  // No ? was entered anywhere but in the quotes.
  assert.doesNotMatch(terminal.screen(), /backend\?/);
});

test('Ctrl-C clears the line and stops what runs, a key stops watch, Ctrl-D leaves', { skip }, async (t) => {
  const terminal = await openTerminal(t);
  await terminal.shows(/9090>$/m);
  terminal.type('show frob');
  await terminal.shows(/frob$/m);
  terminal.press('C-c');
  await terminal.shows(/9090>$/m);
  terminal.type('wat e -o table');
  terminal.press('Enter');
  await terminal.shows(/ backend +steady-a ● up /);
  terminal.type('x');
  await terminal.shows(/9090>$/m);
  terminal.clear();
  terminal.type('sh ba --watch 0.3');
  terminal.press('Enter');
  await terminal.shows(/^BACKEND +STATE .*DETAIL\nsteady-a/m);
  terminal.resize(60, 12);
  await terminal.shows(/^BACKEND +STATE(?:(?!FRONTENDS).)*$/m);
  terminal.press('C-c');
  await terminal.shows(/9090>$/m);
  // The letter that stopped the stream was not typed.
  terminal.clear();
  terminal.type('sh ver');
  terminal.press('Enter');
  await terminal.shows(/> sh ver\nmaglevd +\d/);
  await terminal.shows(/9090>$/m);
  terminal.press('C-d');
  await terminal.shows(/^ended$/m);
  assert.equal(readFileSync(join(terminal.directory, 'code'), 'utf8').trim(), '0');
  const stty = (name: string) => readFileSync(join(terminal.directory, name), 'utf8');
  assert.equal(stty('after'), stty('before'), 'the terminal is what it was');
});

test('a paste of many lines is answered line by line, and history comes back', { skip }, async (t) => {
  const terminal = await openTerminal(t);
  await terminal.shows(/9090>$/m);
  terminal.paste('show backends | count\nshow frob\nsh f | count\n');
  const answers =
    /> show backends \| count\n5\n.*> show frob\n"frob" is not known[\s\S]*\n.*> sh f \| count\n3\n.*>$/m;
  await terminal.shows(answers);
  terminal.press('Up');
  await terminal.shows(/> sh f \| count$/m);
  terminal.press('C-c');
  terminal.type('quit');
  terminal.press('Enter');
  await terminal.shows(/^ended$/m);
  const path = join(terminal.directory, 'maglevc', 'history');
  assert.equal(readFileSync(path, 'utf8'), 'show backends | count\nshow frob\nsh f | count\nquit\n');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.ok(terminal.screen().includes(prompt));
});
