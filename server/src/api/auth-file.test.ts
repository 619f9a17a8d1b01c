import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { authFileText, authLine } from '../../test/support/access-table.ts';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { authFileBytesMax, authFilePollMs } from '../lib/limits.ts';
import { openAuthFile } from './auth-file.ts';

interface Line {
  readonly message: string;
  readonly why?: unknown;
}

function setUp(t: TestContext, text = authFileText) {
  const directory = mkdtempSync(join(tmpdir(), 'maglev-auth-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'auth');
  writeFileSync(path, text, { mode: 0o640 });
  const clock = createFakeClock();
  const lines: Line[] = [];
  let heard: (() => void) | undefined;
  const line = (message: string, attributes: Readonly<Record<string, unknown>> = {}) => {
    lines.push({ message, ...attributes });
    heard?.();
  };
  const log = { info: line, warn: line, error: line };
  const open = async (at = path) => {
    const file = await openAuthFile({ path: at, clock, log });
    t.after(() => file.stop());
    return file;
  };
  /** Lets one look at the file come due; resolves when it has said something. */
  const poll = async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    heard = resolve;
    await clock.advance(authFilePollMs);
    await promise;
    heard = undefined;
  };
  return { directory, path, clock, lines, open, poll };
}

test('a changed file is taken over by itself, one that is wrong is not, and says so once', async (t) => {
  const { path, clock, lines, open, poll } = setUp(t);
  const file = await open();
  const first = file.credentials();
  assert.deepEqual([...first.passwords.keys()], ['alice', 'bob']);
  writeFileSync(path, authLine('carol', 'operator', 'password', 'x'));
  await poll();
  assert.deepEqual([...file.credentials().passwords.keys()], ['carol']);
  assert.deepEqual(lines.splice(0), [
    { message: 'auth-file-loaded', passwords: 1, tokens: 0, certificates: 0 },
  ]);
  const second = file.credentials();
  writeFileSync(path, 'carol boss password x\n');
  await poll();
  assert.equal(file.credentials(), second);
  assert.deepEqual(lines.splice(0), [
    { message: 'auth-file-refused', why: `${path}:1: "boss" is no role: write viewer or operator` },
  ]);
  rmSync(path);
  await poll();
  assert.equal(file.credentials(), second);
  assert.deepEqual(lines.splice(0), [
    { message: 'auth-file-refused', why: `${path}: cannot be read: no such file or directory (ENOENT)` },
  ]);
  // Another look, which the reload waits for: still gone, and nothing more to say than the reload has.
  await clock.advance(authFilePollMs);
  assert.equal(await file.reload(), false);
  assert.equal(lines.length, 1);
  await file.stop();
  assert.equal(clock.pendingTimerCount(), 0);
});

test('a file of the same length and time, put in its place, is another file', async (t) => {
  const { directory, path, open, poll } = setUp(t, 'aa operator certificate\n');
  const when = new Date(1_700_000_000_000);
  utimesSync(path, when, when);
  const file = await open();
  const next = join(directory, 'next');
  writeFileSync(next, 'bb operator certificate\n');
  utimesSync(next, when, when);
  renameSync(next, path);
  await poll();
  assert.deepEqual([...file.credentials().certificates.keys()], ['bb']);
});

test('reload reads at once, and tells whether it could', async (t) => {
  const { path, lines, open } = setUp(t);
  const file = await open();
  const first = file.credentials();
  assert.equal(await file.reload(), true);
  assert.notEqual(file.credentials(), first, 'what was remembered for the old one must go');
  writeFileSync(path, 'x\ny\n');
  assert.equal(await file.reload(), false);
  assert.equal(lines.length, 3);
});

test('at the start a file that cannot be used is an error that names every fault', async (t) => {
  const { directory, path, clock, open } = setUp(t, 'alice boss password x\n\nbob\n');
  const faults = [
    `${path}:1: "boss" is no role: write viewer or operator`,
    `${path}:3: an entry is "name role kind [hash]": maglevd hash-password prints one`,
  ];
  await assert.rejects(open(), { message: ['--auth-file:', ...faults].join('\n  ') });
  await assert.rejects(open(join(directory, 'none')), /none: cannot be read: no such file or directory/);
  await assert.rejects(open(directory), /is not a regular file/);
  writeFileSync(path, '#'.repeat(authFileBytesMax + 1));
  await assert.rejects(open(), /is longer than 1048576 bytes/);
  assert.equal(clock.pendingTimerCount(), 0);
});

test('who else may read or write the file is warned of; a link is followed', async (t) => {
  const { directory, path, lines, open } = setUp(t);
  await open();
  assert.deepEqual(lines, []);
  chmodSync(path, 0o644);
  const link = join(directory, 'link');
  symlinkSync(path, link);
  await open(link);
  chmodSync(path, 0o660);
  await open();
  assert.deepEqual(lines, [
    { message: 'auth-file-open', why: `${link} can be read by everybody: chmod 640 ${link}` },
    { message: 'auth-file-open', why: `${path} can be written by others: chmod 640 ${path}` },
  ]);
});
