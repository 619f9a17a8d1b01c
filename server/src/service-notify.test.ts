// Words to the service manager: over a real datagram socket (Python's, since Node has none), and in time.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { addonPath } from '../test/support/addon.ts';
import { createFakeClock } from '../test/support/fake-clock.ts';
import { startMaglevd } from '../test/support/maglevd.ts';
import { notifyRetryMs } from './lib/limits.ts';
import { loadNative } from './native.ts';
import type { NotifyResult } from './native-notify.ts';
import { createServiceNotify, watchdogMs } from './service-notify.ts';

const listener = `
import socket, sys, json
name = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind('\\0' + name[1:] if name[0] == '@' else name)
print('[]', flush=True)
while True: print(json.dumps(listener.recv(65536).decode().split('\\n')), flush=True)
`;

/** A service manager: gives the datagrams, as lists of lines, in order. */
async function startManager(t: TestContext, name: string) {
  const python = spawn('python3', ['-c', listener, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(python, 'exit');
  t.after(async () => {
    python.kill();
    await exited;
  });
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string[]> => JSON.parse((await lines.next()).value ?? 'null');
  await next();
  return { next };
}

function makePath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'maglev-notify-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'notify');
}

test('a datagram arrives whole, by path and in the abstract namespace', async (t) => {
  const native = loadNative(addonPath);
  for (const name of [makePath(t), `@maglev-notify-${process.pid}`]) {
    const manager = await startManager(t, name);
    assert.deepEqual(native.notifyManager(name, 'READY=1\nSTATUS=ü'), { ok: true });
    assert.deepEqual(await manager.next(), ['READY=1', 'STATUS=ü']);
  }
});

test('who is not there, or has no such name, is a value', (t) => {
  const native = loadNative(addonPath);
  const missing = native.notifyManager(makePath(t), 'READY=1');
  assert.deepEqual(missing, { ok: false, isFull: false, message: 'no such file or directory' });
  for (const name of ['', '/', '@', 'notify', 'vsock:2:1234', `/${'x'.repeat(107)}`]) {
    const result = native.notifyManager(name, 'READY=1');
    assert.deepEqual(result, { ok: false, isFull: false, message: `"${name}" names no Unix socket` });
  }
});

/** A manager that answers what the test says. */
function createWorld(env: Record<string, string>) {
  const clock = createFakeClock();
  const sent: string[] = [];
  const failures: string[] = [];
  const world = { answer: { ok: true } as NotifyResult };
  const send = (_path: string, text: string) => {
    if (world.answer.ok) sent.push(text);
    return world.answer;
  };
  const notify = createServiceNotify({
    ...{ clock, env, pid: 7, send, monotonicUs: () => 5n },
    onFailure: (message) => failures.push(message),
  });
  return Object.assign(world, { clock, sent, failures, notify });
}

test('states in order; those that find no room are sent later', async () => {
  const world = createWorld({ NOTIFY_SOCKET: '/n' });
  world.answer = { ok: false, isFull: true, message: 'full' };
  world.notify.ready('1 frontend\n2 backends');
  world.notify.reloading();
  await world.clock.advance(notifyRetryMs);
  assert.deepEqual(world.sent, []);
  world.answer = { ok: true };
  await world.clock.advance(notifyRetryMs);
  world.notify.stopping();
  const ready = 'READY=1\nSTATUS=1 frontend 2 backends';
  assert.deepEqual(world.sent, [ready, 'RELOADING=1\nMONOTONIC_USEC=5', 'STOPPING=1']);
  assert.deepEqual(world.failures, []);
});

test('a manager that is gone is told of once', () => {
  const world = createWorld({ NOTIFY_SOCKET: '/n' });
  world.answer = { ok: false, isFull: false, message: 'connection refused' };
  world.notify.ready('');
  world.notify.reloading();
  assert.deepEqual(world.failures, ['notify /n: connection refused']);
});

test('two signs of life in the time that is allowed, none after the last word', async () => {
  const world = createWorld({ NOTIFY_SOCKET: '/n', WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' });
  world.notify.watchdog();
  assert.deepEqual(world.sent, ['WATCHDOG=1']);
  await world.clock.advance(15_000);
  await world.clock.advance(15_000);
  world.notify.stopping();
  await world.clock.advance(60_000);
  assert.deepEqual(world.sent, ['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1', 'STOPPING=1']);
});

test('without a manager nothing is sent and no timer runs', async () => {
  const world = createWorld({ WATCHDOG_USEC: '1000000' });
  world.notify.ready('');
  world.notify.watchdog();
  await world.clock.advance(10_000);
  assert.deepEqual(world.sent, []);
});

test('whom the watchdog watches', () => {
  assert.equal(watchdogMs({ WATCHDOG_USEC: '30000000' }, 7), 30_000);
  assert.equal(watchdogMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7), 30_000);
  assert.equal(watchdogMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7), undefined);
  for (const value of ['0', '-1', 'x', '']) assert.equal(watchdogMs({ WATCHDOG_USEC: value }, 7), undefined);
  assert.equal(watchdogMs({}, 7), undefined);
});

test('maglevd: ready once it listens, alive, a reload between two words, and a last one', async (t) => {
  const path = makePath(t);
  const manager = await startManager(t, path);
  const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '600000000' };
  const config = 'maglev:\n  backends:\n    b0: { address: 127.0.0.1 }\n';
  const maglevd = await startMaglevd({ config, env });
  t.after(() => maglevd.kill());
  assert.deepEqual(await manager.next(), ['WATCHDOG=1']);
  assert.deepEqual(await manager.next(), ['READY=1', 'STATUS=0 frontends, 1 backends']);
  await maglevd.reload('maglev: 7\n');
  assert.deepEqual((await manager.next())[0], 'RELOADING=1');
  const refused = 'STATUS=0 frontends, 1 backends; the configuration file was refused';
  assert.deepEqual(await manager.next(), ['READY=1', refused]);
  await maglevd.stop();
  assert.deepEqual(await manager.next(), ['STOPPING=1']);
});
