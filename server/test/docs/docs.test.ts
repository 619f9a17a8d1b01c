// What README and docs/ say is held against what is there: links, scripts, flags, and the commands
// themselves.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { usageText } from '../../src/flags.ts';

const root = resolve(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** Lines of the fenced `sh` blocks of a page. */
function shellLines(page: string): string[] {
  const blocks = Array.from(read(page).matchAll(/^```sh\n([\s\S]*?)^```$/gm), ([, body = '']) => body);
  return blocks.flatMap((body) => body.split('\n')).filter((line) => line !== '');
}

test('links lead somewhere', () => {
  for (const page of pages) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (/^https?:/.test(target)) continue;
      assert.ok(existsSync(resolve(root, dirname(page), target)), `${page}: ${target} does not exist`);
    }
  }
});

test('the requirements name tests that exist', () => {
  const names = Array.from(
    read('docs/design.md').matchAll(/`([a-z/-]+\*?\.test\.ts)`/g),
    ([, name = '']) => name,
  );
  assert.ok(names.length > 20);
  const files = readdirSync(join(root, 'server'), { recursive: true, encoding: 'utf8' });
  for (const name of names) {
    const pattern = new RegExp(`(^|/)${name.replaceAll('.', '\\.').replaceAll('*', '[a-z-]*')}$`);
    assert.ok(
      files.some((file) => pattern.test(file)),
      `docs/design.md: ${name} does not exist`,
    );
  }
});

test('every npm script that a page names exists', () => {
  const scripts = JSON.parse(read('package.json')).scripts;
  const named = pages.flatMap((page) =>
    Array.from(
      read(page).matchAll(/npm (?:run )?(start|test|(?<=run )[a-z-]+)/g),
      ([, script = '']) => script,
    ),
  );
  assert.ok(named.length > 8);
  for (const script of named) assert.ok(script in scripts, `npm run ${script}`);
});

test('every flag that a page names exists', () => {
  const usage = usageText();
  const maglevd = /main\.ts ([^\n`]*)|maglevd (--[^\n`]*)/g;
  for (const page of pages) {
    for (const [, first, second] of read(page).matchAll(maglevd)) {
      for (const [flag] of (first ?? second ?? '').matchAll(/--[a-z-]+/g)) {
        assert.ok(usage.includes(`${flag} `) || usage.includes(`${flag}\n`), `${page}: ${flag}`);
      }
    }
  }
});

test("README's curl commands work against the demo", async (t) => {
  const demo = spawn(
    process.execPath,
    [join(root, 'server/src/main.ts'), '--demo', '--grpc-addr=127.0.0.1:0', '--metrics-addr=127.0.0.1:0'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(demo, 'exit');
  t.after(async () => {
    demo.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null], 'the demo ends with 0');
  });
  let ports: RegExpExecArray | null = null;
  for await (const line of createInterface({ input: demo.stdout })) {
    ports = /"apiPort":(\d+),"metricsPort":(\d+)/.exec(line);
    if (ports) break;
  }
  demo.stdout.resume();
  assert.ok(ports, 'the demo says where it listens');
  const [, apiPort = '', metricsPort = ''] = ports;
  const curls = shellLines('README.md').filter((line) => line.startsWith('curl '));
  assert.equal(curls.length, 5);
  for (const line of curls) {
    const command = line
      .replaceAll('localhost:9090', `127.0.0.1:${apiPort}`)
      .replaceAll('localhost:9091', `127.0.0.1:${metricsPort}`)
      .replace('curl -s', 'curl -sSf --max-time 5');
    const { stdout } = await promisify(execFile)('sh', ['-c', command]);
    assert.ok(stdout.length > 100, `${line}: ${stdout}`);
  }
});
