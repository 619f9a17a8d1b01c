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
import { netnsSkip } from '../support/netns.ts';

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

test('every npm script that a page names exists, in the workspace that it names', () => {
  const named = pages.flatMap((page) => [
    ...read(page).matchAll(/npm (?:run )?(start|test|(?<=run )[a-z-]+)(?: (?:--workspace|-w) ([a-z]+))?/g),
  ]);
  assert.ok(named.length > 8);
  for (const [words, script = '', workspace] of named) {
    const path = workspace === undefined ? 'package.json' : `${workspace}/package.json`;
    assert.ok(script in JSON.parse(read(path)).scripts, words);
  }
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

test("README's curl commands work against the demo", { skip: netnsSkip() }, async (t) => {
  // In a namespace of its own, so that its ports and VIPs are the ones that README names.
  const main = join(root, 'server/src/main.ts');
  const inside = 'ip link set lo up && exec "$0" "$@"';
  const demo = spawn('unshare', ['--net', 'sh', '-c', inside, process.execPath, main, '--demo'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(demo, 'exit');
  t.after(async () => {
    demo.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null], 'the demo ends with 0');
  });
  let listens = false;
  for await (const line of createInterface({ input: demo.stdout })) {
    listens = line.includes('listening');
    if (listens) break;
  }
  demo.stdout.resume();
  assert.ok(listens, 'the demo says that it listens');
  const curls = shellLines('README.md').filter((line) => line.startsWith('curl '));
  assert.equal(curls.length, 7);
  for (const line of curls) {
    // VPP is programmed a moment after the ports are there.
    const retry = '--retry 20 --retry-delay 1 --retry-all-errors';
    const command = line.replace('curl -s', `curl -sSf --max-time 5 ${retry}`);
    const args = ['--target', String(demo.pid), '--net', 'sh', '-c', command];
    const { stdout } = await promisify(execFile)('nsenter', args);
    assert.ok(stdout.length > 10, `${line}: ${stdout}`);
  }
});
