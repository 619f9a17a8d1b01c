// The program from outside, without a terminal: JSON lines, summary, exit status, refusals.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { launcher, runMaglevt, startMaglevt, writeConfig } from '../support/maglevt.ts';
import { closedPort, serveHttp } from '../support/servers.ts';

interface Line {
  readonly type: string;
  readonly ok?: boolean;
  readonly failedVips?: number;
  readonly vips: readonly {
    readonly frontends: readonly string[];
    readonly probe: string;
    readonly state?: string;
    readonly count: number;
    readonly failures: number;
    readonly errors?: Readonly<Record<string, number>>;
    readonly outageCount?: number;
    readonly maglevd?: string;
    readonly drift?: boolean;
    readonly tally: readonly { readonly value: string; readonly count: number }[];
  }[];
}
const linesOf = (stdout: string): Line[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

test('a line per second, a summary, and 0 when all passed', async (t) => {
  const port = await serveHttp(t, (_, response) => response.setHeader('x-ipng-frontend', 'nginx0').end());
  const config = writeConfig(t, [
    { name: 'www', port },
    { name: 'dns', port: 53, protocol: 'udp' },
  ]);
  const { code, stdout, stderr } = await runMaglevt(
    t,
    '-config',
    config,
    '--duration=2500ms',
    '--interval',
    '50ms',
  );
  assert.deepEqual([code, stderr], [0, '']);
  const lines = linesOf(stdout);
  assert.deepEqual(
    lines.map(({ type }) => type),
    ['second', 'second', 'summary'],
  );
  const [www, dns] = lines.at(-1)?.vips ?? [];
  assert.deepEqual(
    [www?.frontends, www?.probe, www?.failures, dns?.probe, dns?.count],
    [['www'], 'http', 0, 'none', 0],
  );
  const count = www?.count ?? 0;
  assert.ok(count > 20 && count <= 56, `${count} probes in 2.5 s`);
  assert.deepEqual(
    www?.tally.map((share) => [share.value, share.count]),
    [['nginx0', count]],
  );
});

test('--count ends it, a failure is status 1, and the summary tells which', async (t) => {
  const port = await serveHttp(t, (_, response) => response.end());
  const config = writeConfig(t, [
    { name: 'well', port },
    { name: 'dead', port: await closedPort() },
  ]);
  const { code, stdout } = await runMaglevt(
    t,
    '--config',
    config,
    '--json',
    '--count',
    '3',
    '--interval',
    '20ms',
  );
  assert.equal(code, 1);
  const summary = linesOf(stdout).at(-1);
  assert.deepEqual([summary?.type, summary?.ok, summary?.failedVips], ['summary', false, 1]);
  assert.deepEqual(
    summary?.vips.map((vip) => [vip.count, vip.failures, vip.outageCount]),
    [
      [3, 0, 0],
      [3, 3, 1],
    ],
  );
  assert.equal(summary?.vips[1]?.errors?.['net-err'], 3);
});

test('--duration waits for the verdict of a VIP that swallows everything', async (t) => {
  const port = await serveHttp(t, () => undefined);
  const config = writeConfig(t, [{ name: 'hole', port }]);
  const { code, stdout } = await runMaglevt(t, '--config', config, '--duration', '500ms', '--timeout', '1s');
  assert.equal(code, 1);
  assert.equal(linesOf(stdout).at(-1)?.vips[0]?.errors?.['timeout'], 1);
});

test('a slow answer among fast ones is a spike, and no failure', async (t) => {
  let count = 0;
  const port = await serveHttp(t, (_, response) => {
    count += 1;
    // Beyond what a busy machine does to a loopback answer.
    if (count === 40) setTimeout(() => response.end(), 900);
    else response.end();
  });
  const config = writeConfig(t, [{ name: 'www', port }]);
  const { code, stdout } = await runMaglevt(t, '--config', config, '--count', '50', '--interval', '20ms');
  assert.equal(code, 0);
  assert.ok((linesOf(stdout).at(-1)?.vips[0]?.errors?.['spike'] ?? 0) >= 1);
});

test('TERM and INT end it with the summary', async (t) => {
  const port = await serveHttp(t, (_, response) => response.end());
  const config = writeConfig(t, [{ name: 'www', port }]);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const running = startMaglevt(t, ['--config', config]);
    await running.awaitOutput(/"type":"second"/);
    running.child.kill(signal);
    const { code, stdout, stderr } = await running.ended;
    assert.deepEqual([code, stderr, linesOf(stdout).at(-1)?.type], [0, '', 'summary']);
  }
});

test('a reader that goes away ends it', async (t) => {
  const port = await serveHttp(t, (_, response) => response.end());
  const config = writeConfig(t, [{ name: 'www', port }]);
  const running = startMaglevt(t, ['--config', config]);
  await running.awaitOutput(/"type":"second"/);
  running.child.stdout?.destroy();
  const { code, stderr } = await running.ended;
  assert.deepEqual([code, stderr], [0, '']);
});

test('what maglevd says stands beside what is seen, and a difference is marked', async (t) => {
  const port = await serveHttp(t, (_, response) => response.end());
  const dead = await closedPort();
  const frontends = [
    { name: 'a', address: '127.0.0.1', protocol: 'tcp', port, state: 'up' },
    { name: 'b', address: '127.0.0.1', protocol: 'tcp', port: dead, state: 'up' },
  ];
  const asked: (string | undefined)[] = [];
  const daemonPort = await serveHttp(t, (request, response) => {
    asked.push(request.url);
    response.end(JSON.stringify({ frontends }));
  });
  const config = writeConfig(t, [
    { name: 'a', port },
    { name: 'b', port: dead },
  ]);
  const url = `http://127.0.0.1:${daemonPort}/`;
  const { stdout } = await runMaglevt(t, '--config', config, '--duration', '1200ms', '--resolve-from', url);
  assert.equal(asked[0], '/api/v1/frontends');
  const vips = linesOf(stdout).at(-1)?.vips ?? [];
  assert.deepEqual(
    vips.map(({ maglevd, drift }) => [maglevd, drift]),
    [
      ['up', false],
      ['up', true],
    ],
  );
});

const badText = 'maglev:\n  frontends:\n    www: { address: nonsense, pools: [] }\n  extra: 1\n';

test('what cannot be used is refused with its place, and status 2', async (t) => {
  const config = writeConfig(t, [{ name: 'www', port: 80 }]);
  const bad = writeConfig(t, []);
  execFileSync('sh', ['-c', 'printf "%s" "$1" > "$2"', 'sh', badText, bad]);
  const cases: readonly (readonly [words: readonly string[], stderr: RegExp])[] = [
    [['--nope'], /^maglevt: no such flag: --nope \(see --help\)\n$/],
    [['--config', '/nowhere.yaml'], /^maglevt: \/nowhere.yaml: no such file \(name yours with --config\)\n$/],
    [['--config', `${config},${bad}`], /maglev\.yaml:4:3: maglev\.extra: /],
    [['--config', config, '--filter', 'zzz'], /matches none of the 1 VIPs/],
    [
      ['--config', writeConfig(t, [{ name: 'dns', port: 53, protocol: 'udp' }])],
      /dns: udp: .*\nmaglevt: no VIP to probe/,
    ],
    [['--config', writeConfig(t, [])], /no frontends in .*Add one under maglev\.frontends/],
  ];
  for (const [words, expected] of cases) {
    const { code, stdout, stderr } = await runMaglevt(t, ...words);
    assert.match(stderr, expected);
    assert.deepEqual([code, stdout], [2, '']);
  }
});

test('version and help', async (t) => {
  const version = await runMaglevt(t, '--version');
  assert.match(version.stdout, /^maglevt \d+\.\d+\.\d+ \(commit \S+, \S+, Node\.js 26\.\d+\.\d+\)\n$/);
  const help = await runMaglevt(t, '-help');
  assert.match(help.stdout, /^usage: maglevt \[flags\]\n/);
  assert.deepEqual([version.code, help.code], [0, 0]);
  assert.ok(launcher.endsWith('bin/maglevt'));
});
