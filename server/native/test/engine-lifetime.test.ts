// Probe engines in worker threads and processes that end at bad moments, and the addon loaded twice: nothing
// crashes, and no descriptor and no thread stays.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { loadNative, type Native } from '../../src/native.ts';
import {
  addonPath,
  isSanitized,
  loadTestNative,
  openDescriptors,
  rawSocketSkip,
  threadCount,
} from '../../test/support/addon.ts';
import { type ServerProcess, startServerProcess } from '../../test/support/server-process.ts';
import type { TrafficPorts } from './engine-traffic.ts';

const trafficUrl = new URL('./engine-traffic.ts', import.meta.url);
const workerCount = isSanitized ? 8 : 30;

let servers: ServerProcess;
let ports: TrafficPorts;
before(async () => {
  servers = await startServerProcess([{ name: 'ok' }, { name: 'silent' }]);
  const [ok = 0, silent = 0] = servers.ports;
  ports = { ok, silent, raw: rawSocketSkip() === false };
});
after(() => servers.stop());

function startWorker(how: 'wait' | 'exit' | 'throw'): Worker {
  return new Worker(trafficUrl, { workerData: { addonPath, ports, how }, stderr: true });
}

test(`${workerCount} workers ended in the middle of probes leave nothing`, async () => {
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

test('workers that end by process.exit or by an exception leave nothing', async () => {
  await startWorker('wait').terminate();
  const before = { descriptors: openDescriptors(), threads: threadCount() };
  assert.deepEqual(await once(startWorker('exit'), 'exit'), [7]);
  const throwing = startWorker('throw');
  const exited = new Promise((resolve) => throwing.once('exit', resolve));
  const [error] = await once(throwing, 'error');
  assert.match(String(error), /thrown in a callback/);
  assert.equal(await exited, 1);
  assert.deepEqual({ descriptors: openDescriptors(), threads: threadCount() }, before);
});

test('a process that exits, or throws, in the middle of probes ends as it says', async () => {
  for (const [how, code, said] of [
    ['exit', 7, ''],
    ['throw', 1, 'Error: thrown in a callback'],
  ] as const) {
    const args = [fileURLToPath(trafficUrl), addonPath, JSON.stringify(ports), how];
    const child = spawn(process.execPath, args);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    assert.deepEqual(await once(child, 'close'), [code, null], stderr);
    assert.ok(stderr.includes(said), stderr);
    assert.ok(!/FATAL|Sanitizer|runtime error/.test(stderr), stderr);
  }
});

test('two workers and the main thread at once', async () => {
  const workers = [startWorker('wait'), startWorker('wait')];
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const native = loadTestNative();
  for (let count = 0; count < 20; count += 1) await reach(native, ports.ok);
  await Promise.all(workers.map((worker) => worker.terminate()));
});

/** Resolves once the engine has connected, and closes it from within its own callback. */
function reach(native: Native, port: number): Promise<void> {
  return new Promise((resolve) => {
    const engine = native.openEngine({
      onReady() {
        assert.equal(engine.take(), 1);
        assert.equal(engine.report(0).event, 'reached');
        engine.close();
        engine.close();
        resolve();
      },
    });
    const record = native.engineRecord({ family: 4, address: '127.0.0.1', port });
    new Uint32Array(record.buffer).set([0, 1]);
    engine.start(record, record.length);
  });
}

test('the addon, and a copy of it, in one process; closed from its own callback', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'maglev-addon-'));
  try {
    const copy = join(folder, 'copy.node');
    copyFileSync(addonPath, copy);
    const [first, second] = [loadTestNative(), loadNative(copy)];
    await Promise.all([reach(first, ports.ok), reach(second, ports.ok)]);
    const before = { descriptors: openDescriptors(), threads: threadCount() };
    await Promise.all([first, second, first, second].map((native) => reach(native, ports.ok)));
    assert.deepEqual({ descriptors: openDescriptors(), threads: threadCount() }, before);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
