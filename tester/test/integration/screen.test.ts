// maglevt in a real terminal: keys, sizes, colours, and a terminal that is afterwards what it was, however
// the end came.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { launcher, writeConfig } from '../support/maglevt.ts';
import { closedPort, serveHttp } from '../support/servers.ts';
import { openTestTerminal, type TerminalOptions } from '../support/terminal.ts';

async function start(t: TestContext, more: Partial<TerminalOptions> = {}) {
  const port = await serveHttp(t, (_, response) => response.setHeader('x-ipng-frontend', 'nginx0').end());
  const config = writeConfig(t, [
    { name: 'well', port },
    { name: 'dead', port: await closedPort() },
  ]);
  const terminal = openTestTerminal(t, { words: [launcher, '--config', config], ...more });
  await terminal.waitFor(/● well .*\n.*nginx0 100%/);
  await terminal.waitFor(/net-err +dead +connection refused/);
  return terminal;
}

test('keys: help, details, sort, pause, reset, quit', async (t) => {
  const terminal = await start(t);
  terminal.press('?');
  await terminal.waitFor(/── keys ─.*q, Ctrl-C +quit/s);
  terminal.press('Enter');
  await terminal.waitFor(/asked by http to 127\.0\.0\.1.*answered by:\n +nginx0: /s);
  terminal.press('Down');
  await terminal.waitFor(/› ■ dead.*outages: 0 over.*until now/s);
  terminal.press('s');
  await terminal.waitFor(/sort: failing/);
  await terminal.waitFor(/VIP .*\n› ■ dead/);
  terminal.press('p');
  await terminal.waitFor(/‖ paused/);
  terminal.press('r');
  await terminal.waitFor(/● 0 serving .* 2 unknown/);
  terminal.press('p');
  await terminal.waitFor(/● 1 serving +■ 1 failing/);
  terminal.press('q');
  assert.equal(await terminal.end(), 0);
  assert.match(terminal.screen(), /probes of 2 VIPs in .*, 1 VIPs failed\n +dead 127\.0\.0\.1:\d+: /);
});

test('it follows the size of the window', async (t) => {
  const terminal = await start(t, { columns: 80, rows: 24 });
  for (const [columns, rows] of [
    [200, 50],
    [60, 12],
    [300, 20],
  ] as const) {
    terminal.resize(columns, rows);
    await terminal.waitFor(/^──.*─$\n[\s\S]*q quit/m);
    const isWhole = (text: string) =>
      text.split('\n').some((line) => /^──.*─$/.test(line) && line.length === columns);
    for (let tries = 0; !isWhole(terminal.screen()); tries += 1) {
      assert.ok(tries < 100, terminal.screen());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  terminal.press('q');
  assert.equal(await terminal.end(), 0);
});

test('NO_COLOR and a locale without UTF-8: the same in ASCII, without colours', async (t) => {
  const port = await closedPort();
  const config = writeConfig(t, [{ name: 'dead', port }]);
  const env = ['env', 'NO_COLOR=1', 'LC_ALL=C'];
  const terminal = openTestTerminal(t, { words: [...env, launcher, '--config', config] });
  await terminal.waitFor(/> X dead .*net-err.*\n +X+\s/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
  assert.doesNotMatch(terminal.painted(), /\x1b\[[0-9;]*[1-9]m/);
  assert.match(terminal.screen(), /^[\n -~]*$/);
  terminal.press('q');
  assert.equal(await terminal.end(), 0);
});

test('colours are of the 256-colour set', async (t) => {
  const terminal = await start(t);
  assert.match(terminal.painted(), /38;5;77m/);
  assert.match(terminal.painted(), /38;5;203m/);
  terminal.press('q');
  await terminal.end();
});

const ends: readonly (readonly [what: string, NodeJS.Signals | 'C-c', code: number])[] = [
  ['Ctrl-C', 'C-c', 0],
  ['TERM', 'SIGTERM', 128 + 15],
  ['INT', 'SIGINT', 128 + 2],
  ['HUP', 'SIGHUP', 128 + 1],
  ['KILL', 'SIGKILL', 128 + 9],
  ['ABRT, a crash of the runtime', 'SIGABRT', 128 + 6],
  ['SEGV, another', 'SIGSEGV', 128 + 11],
];
for (const [what, signal, code] of ends) {
  test(`the terminal is what it was after ${what}`, async (t) => {
    const terminal = await start(t);
    if (signal === 'C-c') terminal.press('C-c');
    else process.kill(await terminal.pid(), signal);
    assert.equal(await terminal.end(), code);
  });
}

test('the terminal is what it was after an exception, and the stack can be read', async (t) => {
  // A bug of ours as if in any timer: thrown from a module that Node loads before maglevt.
  const bug = "setTimeout(() => { throw new Error('a bug of ours'); }, process.argv.length > 2 ? 4000 : 1e6)";
  const preload = `--import=data:text/javascript,${encodeURIComponent(bug)}`;
  const terminal = await start(t, { env: { NODE_OPTIONS: preload } });
  assert.equal(await terminal.end(), 1);
  await terminal.waitFor(/Error: a bug of ours/);
});

test('Ctrl-Z gives the terminal back, fg takes it again, and the pause is no failure', async (t) => {
  const terminal = await start(t);
  terminal.press('C-z');
  await terminal.stopped();
  await terminal.waitFor(/^a line of before\n/);
  terminal.bringBack();
  await terminal.waitFor(/● well .*\n.*nginx0 100%/);
  terminal.press('q');
  assert.equal(await terminal.end(), 0);
  assert.match(terminal.screen(), /1 VIPs failed\n +dead /);
});
