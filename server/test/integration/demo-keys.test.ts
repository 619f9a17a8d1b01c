// `maglevd --demo` in a real terminal, with somebody at the keyboard: what the keys do, and that the terminal
// is afterwards what it was. In a namespace of its own, because the demo's VIPs have fixed ports.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, makeDirectory, removeDirectory, requireProgram } from '../support/guarded-process.ts';
import { cleanEnvironment, mainPath } from '../support/maglevd.ts';
import { createNetns, netnsSkip } from '../support/netns.ts';

const patienceMs = 20_000;

interface Demo {
  /** All that was written so far, long lines as one. */
  screen(): string;
  tmux(...words: readonly string[]): string;
  press(key: string): void;
  /** GET inside the namespace; undefined: no answer. */
  ask(url: string): { readonly headers: string; readonly body: string } | undefined;
  readFile(name: string): string;
  ended(): boolean;
}

function startDemo(t: TestContext): Demo {
  const tmuxPath = requireProgram('tmux', 'tmux');
  const curl = requireProgram('curl', 'curl');
  const directory = makeDirectory('demo');
  const netns = createNetns();
  const socket = join(directory, 'tmux.sock');
  const env = cleanEnvironment({ TERM: 'xterm-256color' });
  const tmux = (...words: readonly string[]) =>
    execFileSync(tmuxPath, ['-S', socket, '-f', '/dev/null', ...words], { encoding: 'utf8', env });
  const run = [process.execPath, mainPath, '--demo', '--grpc-addr', '127.0.0.1:0', '--metrics-addr', ''];
  // The shell of somebody who looks at the terminal before and after.
  const script = `cd "$1"; shift
stty -g > before
"$@"
echo $? > code
stty -g > after
: > done
exec cat`;
  writeFileSync(join(directory, 'run.sh'), script);
  const shell = ['sh', join(directory, 'run.sh'), directory, ...run];
  tmux('new-session', '-d', '-x', '150', '-y', '40', 'ip', 'netns', 'exec', netns.name, ...shell);
  t.after(() => {
    tmux('kill-server');
    netns.remove();
    removeDirectory(directory);
  });
  return {
    screen: () => tmux('capture-pane', '-p', '-J', '-S', '-'),
    tmux,
    press: (key) => void tmux('send-keys', '-l', key),
    ask(url) {
      try {
        const text = netns.exec(curl, '--silent', '--include', '--max-time', '5', url);
        const [headers = '', body = ''] = text.split('\r\n\r\n');
        return { headers, body };
      } catch (error) {
        // 7: nobody listens (yet); 52, 56: the connection ended.
        const { status } = error as { status?: number };
        assert.ok([7, 52, 56].includes(status ?? 0), String(error));
        return undefined;
      }
    },
    readFile: (name) => readFileSync(join(directory, name), 'utf8').trim(),
    ended: () => existsSync(join(directory, 'done')),
  };
}

const waitFor = (demo: Demo, pattern: RegExp): Promise<RegExpExecArray> =>
  eventually(`${pattern} on the screen`, patienceMs, () => pattern.exec(demo.screen()) ?? undefined).catch(
    (error: Error) => {
      throw new Error(`${error.message}\n${demo.screen()}`);
    },
  );

async function begin(t: TestContext): Promise<{ readonly demo: Demo; readonly api: string }> {
  const demo = startDemo(t);
  const [, port] = await waitFor(demo, /listening .*"apiPort":(\d+)/);
  return { demo, api: `http://127.0.0.1:${port}/api/v1` };
}

async function assertEnded(demo: Demo): Promise<void> {
  await eventually('the demo ended', patienceMs, () => demo.ended() || undefined);
  assert.equal(demo.readFile('code'), '0', demo.screen());
  assert.equal(demo.readFile('after'), demo.readFile('before'), 'the terminal is what it was');
}

/** Until the demo's VIP is served by this backend. */
const servedBy = (demo: Demo, url: string, backend: string) =>
  eventually(`${url} served by ${backend}`, patienceMs, () =>
    demo.ask(url)?.headers.includes(`x-ipng-frontend: ${backend}`) ? true : undefined,
  );

test('keys turn backends ill and well, and the VIPs follow', { skip: netnsSkip() }, async (t) => {
  const { demo, api } = await begin(t);
  await waitFor(demo, /^keys: 1-5 turn a backend ill or well, q stops, \? lists them$/m);
  const stateIs = (backend: string, wanted: string) =>
    eventually(`${backend} is ${wanted}`, patienceMs, () =>
      demo.ask(`${api}/backends/${backend}`)?.body.includes(`"state":"${wanted}"`) ? true : undefined,
    );
  await stateIs('flipping', 'up');
  await servedBy(demo, 'http://127.0.0.81:8080/', 'flipping');
  demo.press('3');
  const [, word] = await waitFor(demo, /^flipping is (ill|well) now$/m);
  // It flips by itself until it is told what to be.
  if (word === 'well') demo.press('3');
  await waitFor(demo, /^flipping is ill now$/m);
  await stateIs('flipping', 'down');
  await servedBy(demo, 'http://127.0.0.81:8080/', 'spare-a');
  demo.tmux('resize-window', '-x', '70', '-y', '12');
  demo.press('?');
  await waitFor(demo, /^ {2}3 {2}flipping: ill, or well again$/m);
  await waitFor(demo, /^ {2}q {2}stop$/m);
  demo.press('3');
  await stateIs('flipping', 'up');
  await servedBy(demo, 'http://127.0.0.81:8080/', 'flipping');
  demo.press('q');
  await assertEnded(demo);
  // Nor does a field of a line pass for the process that wrote it.
  assert.doesNotMatch(demo.screen(), /ERROR|WARN|INFO \(|\bat .*\.ts:\d+/);
});

test('Ctrl-C ends the demo, too', { skip: netnsSkip() }, async (t) => {
  const { demo } = await begin(t);
  demo.tmux('send-keys', 'C-c');
  await assertEnded(demo);
});
