import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { scryptSync } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { passwordBytesMax } from '../lib/limits.ts';
import { parseCredentials, scryptOptions, secretBytes } from './credentials.ts';
import { runHashPassword } from './hash-password.ts';
import type { SecretInput } from './hash-password-input.ts';

/** Runs the command with a piped input. */
async function run(words: readonly string[], input: string | Buffer = '') {
  const stdin = new PassThrough();
  stdin.end(input);
  return runWith(words, stdin);
}

async function runWith(words: readonly string[], input: SecretInput) {
  let out = '';
  let error = '';
  const code = await runHashPassword(words, {
    input,
    writeOut: (text) => {
      out += text;
    },
    writeError: (text) => {
      error += text;
    },
  });
  return { code, out, error };
}

/** Whether `line` is an entry that takes the secret. */
function takes(line: string, kind: 'passwords' | 'tokens', name: string, secret: string): boolean {
  const result = parseCredentials(line);
  assert.ok(result.ok, line);
  const entry = result.credentials[kind].get(name);
  assert.ok(entry, line);
  const { salt, hash } = entry.secret;
  return scryptSync(secretBytes(secret), salt, hash.length, scryptOptions(entry.secret)).equals(hash);
}

test('a piped line becomes an entry, and nothing else goes to standard output', async () => {
  for (const input of ['hunter2\n', 'hunter2', 'hunter2\r\n', 'hunter2\nmore\n']) {
    const { code, out, error } = await run(['alice'], input);
    assert.deepEqual([code, error], [0, ''], JSON.stringify(input));
    assert.match(out, /^alice operator password \$scrypt\$ln=15,r=8,p=1\$[^$\n]{22}\$[^$\n]{43}\n$/);
    assert.ok(takes(out, 'passwords', 'alice', 'hunter2'), JSON.stringify(input));
  }
  const spaces = await run(['--role', 'viewer', 'bob'], ' pä ss ');
  assert.match(spaces.out, /^bob viewer password /);
  assert.ok(takes(spaces.out, 'passwords', 'bob', ' pä ss '));
  assert.ok(takes(spaces.out, 'passwords', 'bob', ' pa\u0308 ss '), 'composed otherwise');
});

test('a token is made, told once, and stands apart from its entry', async () => {
  const { code, out, error } = await run(['-kind=token', 'deploy']);
  const token = /^token of deploy, shown this once:\n(mglv_deploy_[\w-]{43})\n$/.exec(error)?.[1];
  assert.ok(token, error);
  assert.equal(code, 0);
  assert.ok(!out.includes(token));
  assert.ok(takes(out, 'tokens', 'deploy', token));
});

const refused: readonly (readonly [string[], string | Buffer, number, RegExp])[] = [
  [['alice'], '', 1, /^maglevd hash-password: the password is empty\n$/],
  [['alice'], '\n', 1, /is empty/],
  [['alice'], 'x'.repeat(passwordBytesMax + 1), 1, /is longer than 1024 bytes/],
  [['alice'], 'a\tb\n', 1, /holds a control character/],
  [['alice'], Buffer.from([0x61, 0xff, 0x0a]), 1, /is not valid UTF-8/],
  [['a:b'], 'x\n', 2, /"a:b" is no name of a credential/],
  [['alice', 'bob'], 'x\n', 2, /one name at a time/],
  [['--role=boss'], 'x\n', 2, /--role: write viewer or operator/],
  [['--kind', 'certificate'], '', 2, /--kind: write password or token/],
  [['--kind'], '', 2, /flag --kind needs a value/],
  [['--role=viewer', '--role=viewer'], '', 2, /given twice/],
  [['--password', 'x'], '', 2, /--password: no such flag/],
];
for (const [words, input, exitCode, message] of refused) {
  test(`refused: ${words.join(' ')} < ${JSON.stringify(String(input).slice(0, 10))}`, async () => {
    const { code, out, error } = await run(words, input);
    assert.deepEqual([code, out], [exitCode, '']);
    assert.match(error, message);
  });
}

test('--help', async () => {
  const { code, out } = await run(['--help']);
  assert.equal(code, 0);
  assert.match(out, /^usage: maglevd hash-password \[name\]/);
});

/** A terminal that is typed on, each text when the one before has been asked for. */
function createTerminal(...texts: readonly string[]) {
  const modes: boolean[] = [];
  const left = [...texts];
  const terminal: SecretInput = Object.assign(new EventEmitter(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => modes.push(isRaw),
    pause: () => undefined,
    destroy: () => undefined,
    resume() {
      const text = left.shift();
      queueMicrotask(() => (terminal as unknown as EventEmitter).emit('data', Buffer.from(text ?? '')));
    },
  });
  return { terminal, modes };
}

test('on a terminal the password is asked twice, not shown, and can be corrected', async () => {
  const { terminal, modes } = createTerminal('nonsense\u0015hunx\u007fter2\r', 'hunter2\r');
  const { code, out, error } = await runWith(['alice'], terminal);
  assert.deepEqual([code, error], [0, 'password for alice: \nonce more: \n']);
  assert.ok(takes(out, 'passwords', 'alice', 'hunter2'));
  assert.deepEqual(modes, [true, false, true, false]);
  assert.equal((terminal as unknown as EventEmitter).listenerCount('data'), 0);
});

test('two different ones, and ^C, end it', async () => {
  const differing = await runWith(['alice'], createTerminal('one\r', 'two\r').terminal);
  assert.deepEqual([differing.code, differing.out], [1, '']);
  assert.match(differing.error, /the two passwords differ: start again\n$/);
  const { terminal, modes } = createTerminal('one\u0003');
  const interrupted = await runWith(['alice'], terminal);
  assert.deepEqual([interrupted.code, interrupted.out], [1, '']);
  assert.deepEqual(modes, [true, false]);
});

test('a process that asked ends by itself', { timeout: 30_000 }, async (t) => {
  const module = new URL('./hash-password.ts', import.meta.url).href;
  const script = `
    import { runHashPassword } from ${JSON.stringify(module)};
    process.exitCode = await runHashPassword(['alice'], {
      input: process.stdin,
      writeOut: (text) => process.stdout.write(text),
      writeError: (text) => process.stderr.write(text),
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'pipe' });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  // The pipe stays open, as that of a script would.
  child.stdin.write('hunter2\n');
  t.after(() => child.kill());
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0);
  assert.ok(takes(out, 'passwords', 'alice', 'hunter2'));
});
