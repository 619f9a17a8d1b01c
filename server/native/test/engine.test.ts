// The probe engine by itself: what it reports, what it drops, what it keeps within bounds.
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import type { EngineReport, EngineTarget, NativeEngine } from '../../src/native-engine.ts';
import {
  connectionsTo,
  descriptorsSettle,
  ignore,
  isSanitized,
  loadTestNative,
  openDescriptors,
  threadCount,
} from '../../test/support/addon.ts';
import { behaviours, okReply, sayAndEnd } from '../../test/support/behaviours.ts';
import {
  type Behaviour,
  refusingPort,
  serve,
  serveBlackHole,
} from '../../test/support/misbehaving-server.ts';
import { blockLoop } from '../../test/support/probe-run.ts';
import { startServerProcess } from '../../test/support/server-process.ts';

const native = loadTestNative();
const request = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
const runCount = isSanitized ? 3_000 : 30_000;

interface Taken extends EngineReport {
  /** A copy. */
  readonly received: Buffer;
}

/** An engine and what it has reported; whoever waits is told when there is more. */
function openTestEngine(t: TestContext, netnsPath?: string) {
  const reports: Taken[] = [];
  let wake = ignore;
  const takeAll = () => {
    for (let count = engine.take(); count > 0; count = engine.take()) {
      for (let index = 0; index < count; index++) {
        const report = engine.report(index);
        reports.push({ ...report, received: Buffer.from(engine.bytes.slice(report.start, report.end)) });
      }
    }
    wake();
  };
  const engine: NativeEngine = native.openEngine({ netnsPath, onReady: takeAll });
  t.after(() => engine.close());
  return {
    engine,
    reports,
    takeAll,
    async next(): Promise<Taken> {
      while (reports.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return reports.shift() as Taken;
    },
    start(target: Partial<EngineTarget> & { port: number }, slot = 0, generation = 1) {
      const record = native.engineRecord({ family: 4, address: '127.0.0.1', ...target });
      new Uint32Array(record.buffer).set([slot, generation]);
      return engine.start(record, record.length);
    },
  };
}

async function serveFor(t: TestContext, behaviour: Behaviour): Promise<number> {
  const server = await serve(behaviour);
  t.after(() => server.close());
  return server.port;
}

describe('reports', () => {
  test('connected, and ended by then', async (t) => {
    const { start, next } = openTestEngine(t);
    const port = await serveFor(t, behaviours.silent);
    start({ port });
    const { event, slot, generation, elapsedMs } = await next();
    assert.deepEqual({ event, slot, generation }, { event: 'reached', slot: 0, generation: 1 });
    assert.ok(elapsedMs > 0 && elapsedMs < 1000, String(elapsedMs));
    assert.equal(connectionsTo(port), 0);
  });

  test('the bytes of a reply, then its end, when more is wanted', async (t) => {
    const { start, next, engine, reports } = openTestEngine(t);
    const port = await serveFor(t, sayAndEnd(okReply));
    start({ port, request });
    const first = await next();
    assert.equal(first.event, 'bytes');
    assert.equal(first.received.toString(), okReply);
    assert.deepEqual(reports, [], 'nothing more is read unasked');
    engine.resume(0, 1);
    assert.equal((await next()).event, 'closed');
  });

  test('what was refused, by errno and call', async (t) => {
    const { start, next } = openTestEngine(t);
    const port = await refusingPort();
    start({ port, request });
    const refused = await next();
    assert.deepEqual(
      [refused.event, refused.errno, refused.syscall],
      ['failed', constants.errno.ECONNREFUSED, 'connect'],
    );
    start({ port, source: '203.0.113.77' }, 0, 2);
    const unbound = await next();
    assert.deepEqual(
      [unbound.event, unbound.errno, unbound.syscall],
      ['failed', constants.errno.EADDRNOTAVAIL, 'bind'],
    );
  });

  test('a namespace that is not there', async (t) => {
    const { start, next } = openTestEngine(t, '/run/netns/maglev-no-such-namespace');
    start({ port: 80 });
    const { event, errno, syscall } = await next();
    assert.deepEqual([event, errno, syscall], ['failed', constants.errno.ENOENT, 'open']);
  });

  test('a flood is read a chunk at a time, as it is asked for', async (t) => {
    const { start, next, engine } = openTestEngine(t);
    const body = Buffer.alloc(300_000, 'abcdefg');
    const port = await serveFor(t, sayAndEnd(body));
    start({ port, request });
    const parts: Buffer[] = [];
    for (;;) {
      const report = await next();
      if (report.event !== 'bytes') break;
      parts.push(report.received);
      engine.resume(0, 1);
    }
    assert.ok(Buffer.concat(parts).equals(body));
  });

  test('a request that the socket does not take at once', async (t) => {
    const { start, next } = openTestEngine(t);
    const long = Buffer.alloc(6_000_000, 'x');
    const port = await serveFor(t, ({ socket }) => {
      let length = 0;
      socket.on('data', (bytes) => {
        length += bytes.length;
        if (length === long.length) socket.write(`got ${length}`);
      });
    });
    assert.equal(start({ port, request: long }), true);
    assert.equal((await next()).received.toString(), `got ${long.length}`);
  });
});

describe('sockets', () => {
  test('one probe after the other uses the same socket, and none stays without work', async (t) => {
    const { start, next, engine } = openTestEngine(t);
    const port = await serveFor(t, behaviours.ok);
    const before = openDescriptors().length;
    for (let generation = 1; generation <= 20; generation++) {
      start({ port, ...(generation % 2 === 0 && { request }) }, 0, generation);
      const { event } = await next();
      assert.equal(event, generation % 2 === 0 ? 'bytes' : 'reached');
      engine.end(0, generation);
      assert.equal(connectionsTo(port), 0);
    }
    await descriptorsSettle(before);
  });

  test('a socket that served one family or a source is not another', async (t) => {
    const { start, next } = openTestEngine(t);
    const peers: (string | undefined)[] = [];
    const port = await serveFor(t, (peer) => {
      peers.push(peer.socket.remoteAddress);
      behaviours.ok(peer);
    });
    for (const [index, source] of [undefined, '127.0.0.77', undefined, '127.0.0.78'].entries()) {
      start({ port, request, source }, index, 1);
      assert.equal((await next()).event, 'bytes');
    }
    start({ port: await refusingPort(), family: 6, address: '::1' }, 4, 1);
    assert.equal((await next()).event, 'failed');
    assert.deepEqual(peers, ['127.0.0.1', '127.0.0.77', '127.0.0.1', '127.0.0.78']);
  });
});

describe('a run that is ended', () => {
  test('is heard no more, and its slot can be used at once', async (t) => {
    const { start, next, engine, reports } = openTestEngine(t);
    const port = await serveFor(t, behaviours.ok);
    start({ port, request }, 0, 1);
    // The reply is there, untaken, when the run is ended.
    blockLoop(50);
    engine.end(0, 1);
    start({ port: await refusingPort() }, 0, 2);
    const { generation, event } = await next();
    assert.deepEqual({ generation, event }, { generation: 2, event: 'failed' });
    assert.deepEqual(reports, []);
  });

  test('before it has begun: it never begins', async (t) => {
    const { start, next, engine } = openTestEngine(t);
    let connections = 0;
    const port = await serveFor(t, (peer) => {
      connections += 1;
      behaviours.ok(peer);
    });
    engine.end(0, 1);
    start({ port, request }, 0, 1);
    start({ port, request }, 1, 1);
    assert.equal((await next()).slot, 1);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(connections, 1);
  });

  test('an end for another generation does nothing', async (t) => {
    const { start, next, engine } = openTestEngine(t);
    const port = await serveFor(t, behaviours.ok);
    engine.end(0, 4);
    start({ port, request }, 0, 5);
    engine.end(0, 4);
    engine.resume(0, 4);
    assert.equal((await next()).generation, 5);
    engine.end(0, 5);
  });

  test('closes its socket before `end` returns', async (t) => {
    const { start, engine } = openTestEngine(t);
    const hole = await serveBlackHole();
    t.after(() => hole.close());
    const before = openDescriptors().length;
    start({ port: hole.port });
    while (engine.settle(0, 1) === 'waiting') blockLoop(1);
    blockLoop(20);
    assert.equal(openDescriptors().length, before + 1);
    assert.equal(engine.settle(0, 1), 'connecting');
    engine.end(0, 1);
    assert.equal(openDescriptors().length, before);
    assert.equal(engine.settle(0, 1), 'over');
  });
});

test('a slot that is started over its present run gives only the last one', async (t) => {
  const { start, next, engine } = openTestEngine(t);
  const port = await serveFor(t, behaviours.silent);
  const before = openDescriptors().length;
  for (let generation = 1; generation <= 20; generation++) start({ port, request }, 3, generation);
  start({ port }, 4, 1);
  assert.equal((await next()).slot, 4);
  assert.equal(engine.settle(3, 20), 'connected');
  engine.end(3, 20);
  await descriptorsSettle(before);
});

test("the time is the thread's: a loop that is away does not make it longer", async (t) => {
  const { start, next } = openTestEngine(t);
  const port = await refusingPort();
  start({ port });
  blockLoop(300);
  assert.ok((await next()).elapsedMs < 150);
});

test('starts beyond the bound on their memory are refused whole', (t) => {
  const { start, engine } = openTestEngine(t, '/run/netns/maglev-no-such-namespace');
  const long = Buffer.alloc(15_000_000);
  const taken = [0, 1, 2, 3, 4, 5, 6, 7].map((slot) => start({ port: 9, request: long }, slot, 1));
  assert.ok(taken.includes(true));
  engine.close();
});

test(`${runCount} runs leave no descriptor, thread or memory behind`, async (t) => {
  const { start, next, engine } = openTestEngine(t);
  const servers = await startServerProcess([{ name: 'ok' }]);
  t.after(() => servers.stop());
  const [[ok = 0], refusing] = [servers.ports, await refusingPort()];
  const concurrency = 64;
  const before = { descriptors: openDescriptors().length, threads: threadCount() };
  let generation = 0;
  const startOne = (slot: number) => {
    generation += 1;
    start(generation % 3 === 0 ? { port: refusing } : { port: ok, request }, slot, generation);
  };
  const run = async (count: number) => {
    for (let slot = 0; slot < concurrency; slot++) startOne(slot);
    for (let done = 0; done < count; done++) {
      const report = await next();
      if (report.event === 'bytes') engine.end(report.slot, report.generation);
      if (done < count - concurrency) startOne(report.slot);
    }
    await descriptorsSettle(before.descriptors);
  };
  await run(runCount / 3);
  const residentBefore = process.memoryUsage.rss();
  await run(runCount);
  assert.equal(threadCount(), before.threads);
  const grown = process.memoryUsage.rss() - residentBefore;
  t.diagnostic(`resident memory ${grown} bytes larger`);
  // The sanitizers keep what was freed.
  if (!isSanitized) assert.ok(grown < 16 * 1024 * 1024, String(grown));
});
