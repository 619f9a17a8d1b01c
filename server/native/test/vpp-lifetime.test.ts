// The part for VPP in worker threads and processes that end at bad moments: nothing crashes or stays.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { addonPath, isSanitized, openDescriptors, threadCount } from '../../test/support/addon.ts';

const trafficUrl = new URL('./vpp-traffic.ts', import.meta.url);
const workerCount = isSanitized ? 8 : 30;

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'maglev-vpp-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function startWorker(t: TestContext, how: 'wait' | 'exit' | 'throw'): Worker {
  return new Worker(trafficUrl, { workerData: { addonPath, folder: newFolder(t), how }, stderr: true });
}

test(`${workerCount} workers ended in the middle of traffic leave nothing`, async (t) => {
  const endOne = async () => {
    const worker = startWorker(t, 'wait');
    await once(worker, 'message');
    await worker.terminate();
  };
  // The first makes what the runtime keeps for good.
  await endOne();
  const before = { descriptors: openDescriptors(), threads: threadCount() };
  for (let count = 0; count < workerCount; count += 1) await endOne();
  assert.deepEqual({ descriptors: openDescriptors(), threads: threadCount() }, before);
});

test('workers that end by process.exit or by an exception leave nothing', async (t) => {
  await startWorker(t, 'wait').terminate();
  const before = openDescriptors();
  const exiting = startWorker(t, 'exit');
  assert.deepEqual(await once(exiting, 'exit'), [7]);
  const throwing = startWorker(t, 'throw');
  const exited = new Promise((resolve) => throwing.once('exit', resolve));
  const [error] = await once(throwing, 'error');
  assert.match(String(error), /thrown in a callback/);
  assert.equal(await exited, 1);
  assert.deepEqual(openDescriptors(), before);
});

test('a process that exits, or throws, in the middle of traffic ends as it says', async (t) => {
  for (const [how, code, said] of [
    ['exit', 7, ''],
    ['throw', 1, 'Error: thrown in a callback'],
  ] as const) {
    const child = spawn(process.execPath, [fileURLToPath(trafficUrl), addonPath, newFolder(t), how]);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    assert.deepEqual(await once(child, 'close'), [code, null], stderr);
    assert.ok(stderr.includes(said), stderr);
    assert.ok(!/FATAL|Sanitizer|runtime error/.test(stderr), stderr);
  }
});
