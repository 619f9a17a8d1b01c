// maglevt beside the demo: a backend dies, and errors, failover, tally and outage are to be seen on the
// screen. In a namespace of its own, because the demo's VIPs have fixed ports.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launcher } from '../support/maglevt.ts';
import { openTestTerminal } from '../support/terminal.ts';

const demoPath = fileURLToPath(new URL('../../../server/src/main.ts', import.meta.url));

/** Why namespaces cannot be made here; false: they can. */
function missing(): string | false {
  try {
    execFileSync('ip', ['netns', 'add', `maglevt-${process.pid}-try`], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'delete', `maglevt-${process.pid}-try`], { stdio: 'pipe' });
    return false;
  } catch (error) {
    process.stderr.write(`SKIPPED, namespaces cannot be made: ${String(error)}\n`);
    return 'run the tests as root, with iproute2';
  }
}

/** The demo's VIPs, as its operator would write them down for a client. */
const configText = `maglev:
  vpp: { lb: { ipv4-src-address: 127.0.0.1 } }
  healthchecks:
    demo-http: { type: http, port: 8080 }
  backends:
    any: { address: 192.0.2.1, healthcheck: demo-http }
  frontends:
    demo-www:
      address: 127.0.0.80
      <<: &vip { protocol: tcp, port: 8080, pools: [ { name: p, backends: { any: {} } } ] }
    demo-api: { address: 127.0.0.81, <<: *vip }
    demo-static: { address: 127.0.0.82, <<: *vip }
`;

function createNamespace(t: TestContext): readonly string[] {
  const name = `maglevt-${process.pid}`;
  execFileSync('ip', ['netns', 'add', name]);
  t.after(() => execFileSync('ip', ['netns', 'delete', name]));
  const inside = ['ip', 'netns', 'exec', name];
  execFileSync('ip', [...inside.slice(1), 'ip', 'link', 'set', 'lo', 'up']);
  return inside;
}

test('a backend dies: errors, failover, tally, outage', { skip: missing() }, async (t) => {
  const inside = createNamespace(t);
  const directory = mkdtempSync(join(tmpdir(), 'maglevt-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const configPath = join(directory, 'maglev.yaml');
  writeFileSync(configPath, configText);
  const demoWords = [
    process.execPath,
    demoPath,
    '--demo',
    '--grpc-addr',
    '127.0.0.1:9090',
    '--metrics-addr',
    '',
  ];
  const demo = openTestTerminal(t, { words: demoWords, wrapper: inside, columns: 150, rows: 40 });
  await demo.waitFor(/keys: 1-5 turn a backend ill or well/);
  const words = [
    launcher,
    '--config',
    configPath,
    '--interval',
    '50ms',
    '--resolve-from',
    'http://127.0.0.1',
  ];
  const terminal = openTestTerminal(t, { words, wrapper: inside, columns: 140, rows: 40 });
  // The flipping backend flips by itself until it is told what to be: well.
  demo.press('3');
  const told = await demo.waitFor(/^flipping is (ill|well) now$/m);
  if (told.includes('flipping is ill now')) demo.press('3');
  terminal.press('r');
  await terminal.waitFor(/demo-api .* up .*\n.* flipping 100%/);
  terminal.press('r');
  await terminal.waitFor(/● 3 serving +■ 0 failing/);
  demo.press('3');
  // Its 503s until the daemon has seen them, then the spare one.
  await terminal.waitFor(/http-err +demo-api +HTTP 503/);
  await terminal.waitFor(/demo-api .*\n.*█.* spare-a \d+%/);
  // The outage ends with the first answer of the spare one, and the old one goes grey.
  await terminal.waitFor(/demo-api .* 200 .*\n.* spare-a 100% .*out \d\d:\d\d:\d\d \S+ .*flipping \d+s ago/);
  terminal.press('Down', 'Enter');
  const shown = await terminal.waitFor(/── demo-api ─.*outages: 1 over.*answered by:.*spare-a: /s);
  const [, length = '', failed = '', probes = ''] =
    /\d\d:\d\d:\d\d\.\d{3} for (\S+), (\d+) of (\d+) probes failed/.exec(shown) ?? [];
  assert.match(length, /^(\d+s)?(\d+ms)?$/);
  assert.ok(Number(failed) > 3 && Number(failed) === Number(probes), `all ${failed} of ${probes} failed`);
  // demo-www has others: it lost a share only, and serves.
  assert.match(shown, /● demo-www /);
  terminal.press('q');
  assert.equal(await terminal.end(), 0);
  demo.press('q');
  await demo.waitFor(/stopped/);
});
