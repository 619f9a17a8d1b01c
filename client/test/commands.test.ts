// Every command of the grammar and what they have in common, against a running daemon.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { netnsSkip } from '../../server/test/support/netns.ts';
import { commands } from '../src/commands/all.ts';
import { clientPath, type Demo, startDemo } from './support/maglevc.ts';

const skip = netnsSkip();
let demo: Demo;
before(async () => {
  if (skip === false) demo = await startDemo();
});
after(async () => {
  if (skip === false) await demo.stop();
});

/** Typed as operators do, with the exit code and what the output must say. */
const table: readonly (readonly [line: string, code: number, output: RegExp])[] = [
  ['sh ver', 0, /^maglevd +\d.*\nmaglevc +\d/],
  ['sh f', 0, /^FRONTEND .*\ndemo-www .*\ndemo-api .*\ndemo-static /],
  ['sh f demo-w', 0, /^frontend +demo-www\n[\s\S]*\nprimary +steady-a .* 100 +100 +10 /],
  ['sh ba', 0, /^BACKEND .*\nsteady-a +[●?] /],
  ['sh ba steady-a', 0, /^backend +steady-a\n[\s\S]*transitions, newest first\n/],
  ['sh healthchecks', 0, /\ndemo-http +http /],
  ['sh h demo', 0, /^healthcheck +demo-http\n[\s\S]*path +\/healthz\n/],
  ['sh vpp info', 0, /^connection +connected\n/],
  ['sh vpp lb st', 0, /\n127\.0\.0\.80\/32 +tcp\/8080 +demo-www /],
  ['sh vpp lb c', 0, /^VIP .*\n127\.0\.0\.80\/32 /],
  ['sh over', 0, /^no overrides/],
  ['set ba steady-a pause reason kernel upgrade', 0, /^backend steady-a .* -> ‖ paused\n[\s\S]*demo-www/],
  ['set ba steady-a pause', 0, /^backend steady-a is ‖ paused already: nothing changed\n$/],
  ['sh over', 0, /\nsteady-a +‖ paused .* kernel upgrade\n/],
  ['set ba steady-a resume', 0, /^backend steady-a ‖ paused -> \? unknown\n/],
  ['set ba spare-b disable', 0, /-> ⊘ disabled\n/],
  ['set ba spare-b enable', 0, /⊘ disabled -> \? unknown\n/],
  ['set f demo-w p prim b steady-b w 20 flush', 0, / 100 -> 20 +100 -> 20 +10 -> 2\n.*its flows are cut\n$/],
  ['set f demo-w p prim b steady-b w def reason done', 0, / 20 -> 100 +20 -> 100 +2 -> 10\n.*flows drain\n$/],
  ['sync vpp lb state', 0, /^VIPs +\d+ added, \d+ removed\n/],
  ['sync vpp lb state demo-w', 0, /in sync +yes\n$/],
  ['watch events num 3', 0, /^(\{"(id|at)":.*\}\n){3}$/],
  ['watch events num 1 backend steady-a -o table', 0, /^[\d:.]+ backend +steady-a .*\n/],
  ['config check', 0, /valid\n$/],
  ['config reload', 0, /^reloaded/],
  ['completion bash', 0, /complete -F _maglevc maglevc\n/],
  ['completion zsh', 0, /^#compdef maglevc\n/],
  ['completion fish', 0, /complete -c maglevc /],
  ['quit', 0, /^$/],
  ['exit', 0, /^$/],
];

test('every command does its work', { skip }, async () => {
  for (const [line, code, output] of table) {
    const ran = await demo.run(`--server 127.0.0.1:9090 ${line}`);
    assert.deepEqual({ code: ran.code, stderr: ran.stderr }, { code, stderr: '' }, `${line}\n${ran.stdout}`);
    assert.match(ran.stdout, output, line);
  }
  // Words cut short begin their words in full: every declared command was typed.
  for (const { line } of commands) {
    const path = line.split(' ').filter((word) => /^[a-z]+$/.test(word));
    const isTyped = table.some(([typed]) => {
      const words = typed.split(' ');
      return words.slice(0, 2).every((word, index) => (path[index] ?? word).startsWith(word));
    });
    assert.ok(isTyped, `no row for: ${line}`);
  }
});

/** Fields that move between two questions. */
const moving = new Set(['lastProbe', 'since', 'state', 'code', 'detail', 'counter', 'transitions', 'at']);
const still = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (key, each) => (moving.has(key) ? `some ${typeof each}` : each)));

test('JSON and YAML are the REST body', { skip }, async () => {
  await demo.run('set f demo-static p all b spare-b w 50 reason test');
  const paths: readonly (readonly [string, string])[] = [
    ['show version', '/version'],
    ['show frontends', '/frontends'],
    ['show frontend demo-static', '/frontends/demo-static'],
    ['show backends', '/backends'],
    ['show backend steady-b', '/backends/steady-b'],
    ['show healthchecks', '/healthchecks'],
    ['show healthcheck demo-http', '/healthchecks/demo-http'],
    ['show vpp info', '/vpp/info'],
    ['show vpp lb state', '/vpp/lb/state'],
    ['show vpp lb counters', '/vpp/lb/counters'],
    ['show overrides', '/overrides'],
  ];
  for (const [line, path] of paths) {
    const json = await demo.run(`${line} -o json`);
    const value = JSON.parse(json.stdout);
    assert.deepEqual(Object.keys(value), Object.keys(demo.rest(path) as object), line);
    assert.deepEqual(still(stable(value)), still(stable(demo.rest(path))), line);
  }
  const yaml = await demo.run('show healthchecks -o yaml');
  assert.deepEqual(parse(yaml.stdout), demo.rest('/healthchecks'));
});

/** Weights and buckets follow the flipping backend of the demo; VPP is asked what it holds at that moment. */
function stable(value: unknown): unknown {
  const counts = new Set([
    'buckets',
    'predictedBuckets',
    'weight',
    'effectiveWeight',
    'programmedWeight',
    'activePool',
  ]);
  return JSON.parse(JSON.stringify(value, (key, each) => (counts.has(key) ? typeof each : each)));
}

test('filters work on any show command', { skip }, async () => {
  assert.equal((await demo.run('show backends | count')).stdout, '5\n');
  const lines = (await demo.run('sh ba | inc ^s | exc steady')).stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['BACKEND', 'spare-a', 'spare-b'],
  );
  assert.equal(JSON.parse((await demo.run('sh ba | json')).stdout).backends.length, 5);
  assert.equal((await demo.run('watch events num 2 backend | count')).stdout, '2\n');
});

test('refusals have their exit codes and say what to do', { skip }, async () => {
  const rows: readonly (readonly [string, number, RegExp])[] = [
    ['set ba steady-a pause', 0, /^$/],
    ['set ba steady-a disable', 0, /^$/],
    ['set ba steady-a pause', 1, /^maglevc: backend steady-a: .*enable it first\n$/],
    ['set ba steady-a enable', 0, /^$/],
    ['show backend nope', 1, /^maglevc: backend nope: no such backend\n {2}show backend nope\n {15}\^{4}\n/],
    ['show', 2, /^maglevc: the command is not complete: /],
    ['frob', 2, /^maglevc: "frob" is not known here: /],
    ['--frob', 2, /^maglevc: no such flag: --frob/],
    ['show backends | frob', 2, /"frob" is not known here: include/],
    ['show backends | include (', 2, /regular expression cannot be used/],
    ['set ba steady-a enable --watch', 2, /--watch goes with show/],
    ['--server 127.0.0.1:1 show version', 3, /^maglevc: no maglevd at 127\.0\.0\.1:1: connection refused/],
    [
      '--server unix:/nonexistent show backends',
      3,
      /^maglevc: no maglevd at unix:\/nonexistent: there is no such/,
    ],
    ['--server localhost:x show version', 2, /write host:port/],
    ['--token-file /nonexistent show version', 2, /there is no such file/],
  ];
  for (const [line, code, message] of rows) {
    const { code: actual, stderr } = await demo.run(line);
    assert.equal(actual, code, `${line}: ${stderr}`);
    assert.match(stderr, message, line);
  }
});

test('a script from a pipe runs line by line and ends with the first failure', { skip }, async () => {
  const input =
    '# a comment\nshow backends | count\n\nshow backend nope\nsh ba | count\nquit\nshow version\n';
  const { code, stdout, stderr } = await demo.run('--server 127.0.0.1:9090', { input });
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '5\n5\n' });
  assert.match(stderr, /^maglevc: backend nope: no such backend\n/);
});

test('--watch repeats, and colour is on when it is asked for', { skip }, async () => {
  const watched = demo.netns.spawn(process.execPath, clientPath, 'show', 'vpp', 'info', '--watch', '0.2');
  let text = '';
  for await (const chunk of watched.stdout ?? []) {
    text += chunk;
    if (text.split('connection ').length > 3) break;
  }
  watched.kill('SIGINT');
  assert.match(text, /connection +connected\n[\s\S]*connection +connected\n/);
  const coloured = await demo.run('show vpp info --color');
  assert.ok(coloured.stdout.includes('\x1b[32mconnected\x1b[0m'));
  const plain = await demo.run('show vpp info', { env: { NO_COLOR: '1' } });
  assert.ok(!plain.stdout.includes('\x1b'));
});

test('the completion of the shell knows words, names and flags', { skip }, async () => {
  const complete = async (...words: readonly string[]) => {
    const { stdout } = await demo.run(['--complete-words', ...words].join(' '));
    return stdout
      .split('\n')
      .map((line) => line.split('\t')[0])
      .filter((word) => word !== '');
  };
  assert.deepEqual(await complete('sho'), ['show']);
  assert.deepEqual(await complete('show', 'backend', 's'), ['steady-a', 'steady-b', 'spare-a', 'spare-b']);
  assert.deepEqual(await complete('set', 'f', 'demo-api', 'pool', 'p'), ['primary']);
  assert.deepEqual(await complete('--tok'), ['--token-file']);
  assert.deepEqual(await complete('-o', 'j'), ['json']);
  assert.deepEqual(await complete('--server', '127.0.0.1:1', 'show', 'backend', 's'), []);
});
