// Loading twice, worker threads, and ends at bad moments: nothing crashes, no descriptor and no thread stays.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { loadNative, type Native } from '../../src/native.ts';
import { buildEchoRequest } from '../../src/probes/icmp-message.ts';
import {
  addonPath,
  isSanitized,
  loadTestNative,
  openDescriptors,
  rawSocketSkip,
  threadCount,
} from '../../test/support/addon.ts';

const skip = rawSocketSkip();
const trafficUrl = new URL('./traffic.ts', import.meta.url);
const workerCount = isSanitized ? 10 : 50;

function startWorker(how: 'wait' | 'exit' | 'throw'): Worker {
  return new Worker(trafficUrl, { workerData: { addonPath, how }, stderr: true });
}

function echo(native: Native, identifier: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = native.openIcmp({
      family: 4,
      identifier,
      onPacket() {
        socket.close();
        resolve();
      },
      onDeaf: (errno) => reject(new Error(`errno ${errno}`)),
    });
    socket.send('127.0.0.1', buildEchoRequest(4, identifier, 1, new Uint8Array(8)));
  });
}

/** A second loading of the same file in one environment, past the cache of require. */
function loadAgain(path: string): unknown {
  const loaded = { exports: {} };
  process.dlopen(loaded as NodeJS.Module, path);
  return loaded.exports;
}

test('loads again in one process: the same file, and a copy of it', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'maglev-addon-'));
  try {
    const copy = join(folder, 'copy.node');
    copyFileSync(addonPath, copy);
    const first = loadTestNative();
    const again = loadAgain(addonPath) as { AF_INET: number };
    assert.equal(again.AF_INET, (loadAgain(copy) as { AF_INET: number }).AF_INET);
    await Promise.all([echo(first, 100), echo(loadNative(copy), 101)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an addon that is not there says what to do', () => {
  assert.throws(() => loadNative('/nonexistent/maglev.node'), /cannot load the native addon .*npm run build/);
});

test(`${workerCount} workers ended in the middle of traffic leave nothing`, { skip }, async () => {
  const endOne = async () => {
    const worker = startWorker('wait');
    await once(worker, 'message');
    await worker.terminate();
  };
  // The first makes what the runtime keeps for good.
  await endOne();
  const before = { descriptors: openDescriptors(), threads: threadCount() };
  for (let count = 0; count < workerCount; count += 1) await endOne();
  assert.deepEqual({ descriptors: openDescriptors(), threads: threadCount() }, before);
});

test('workers that end by process.exit or by an exception leave nothing', { skip }, async () => {
  await startWorker('wait').terminate();
  const before = openDescriptors();
  const exiting = startWorker('exit');
  assert.deepEqual(await once(exiting, 'exit'), [7]);
  const throwing = startWorker('throw');
  const exited = new Promise((resolve) => throwing.once('exit', resolve));
  const [error] = await once(throwing, 'error');
  assert.match(String(error), /thrown in a callback/);
  assert.equal(await exited, 1);
  assert.deepEqual(openDescriptors(), before);
});

test('two workers and the main thread at once', { skip }, async () => {
  const workers = [startWorker('wait'), startWorker('wait')];
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const native = loadTestNative();
  for (let count = 0; count < 20; count += 1) await echo(native, 200 + count);
  await Promise.all(workers.map((worker) => worker.terminate()));
});

test('a process that exits, or throws, in the middle of traffic ends as it says', { skip }, async () => {
  for (const [how, code, said] of [
    ['exit', 7, ''],
    ['throw', 1, 'Error: thrown in a callback'],
  ] as const) {
    const child = spawn(process.execPath, [fileURLToPath(trafficUrl), addonPath, how]);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    assert.deepEqual(await once(child, 'close'), [code, null], stderr);
    assert.ok(stderr.includes(said), stderr);
    assert.ok(!/FATAL|Sanitizer|runtime error/.test(stderr), stderr);
  }
});
