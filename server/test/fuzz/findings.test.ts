// What the fuzzers found once, and short runs of those that are new. Bytes of findings are kept in corpus/.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMaglevd } from '../support/maglevd.ts';
import { fuzzConfig } from './config-text.ts';
import { fuzzGrpc } from './grpc-frames.ts';
import { fuzzWatch } from './watch-query.ts';

const corpus = join(import.meta.dirname, 'corpus/port');

test('bytes that upset the port once are refused, and no mistake of ours', async (t) => {
  const maglevd = await startMaglevd({ config: 'maglev: {}\n' });
  t.after(() => maglevd.kill());
  const paths = globSync('*.bin', { cwd: corpus }).sort();
  assert.ok(paths.length > 0);
  for (const path of paths) {
    const socket = connect(Number(new URL(maglevd.apiUrl).port), '127.0.0.1');
    socket.end(readFileSync(join(corpus, path)));
    let text = '';
    socket.setEncoding('latin1').on('data', (piece) => {
      text += piece;
    });
    await once(socket, 'close');
    assert.match(text, /^HTTP\/1\.1 4\d\d /, path);
  }
  assert.deepEqual(
    maglevd.log.filter(({ level }) => level === 'error'),
    [],
  );
  await maglevd.stop();
});

test('a call with a deadline that no timer can hold is answered', async (t) => {
  const maglevd = await startMaglevd({ config: 'maglev: {}\n' });
  t.after(() => maglevd.kill());
  for (const header of ['connect-timeout-ms', 'grpc-timeout']) {
    const isGrpc = header === 'grpc-timeout';
    const session = connectHttp2(maglevd.apiUrl);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/maglev.v1.MaglevService/GetVersion',
      'content-type': isGrpc ? 'application/grpc' : 'application/json',
      te: 'trailers',
      [header]: isGrpc ? '99999999H' : '9999999999',
    });
    let status: unknown;
    stream.on('response', (headers) => {
      status = headers['grpc-status'] ?? headers[':status'];
    });
    stream.on('trailers', (headers) => {
      status = headers['grpc-status'];
    });
    stream.resume().end(isGrpc ? Buffer.alloc(5) : '{}');
    await once(stream, 'close');
    session.destroy();
    assert.equal(Number(status), isGrpc ? 0 : 200, header);
  }
  await maglevd.stop();
});

test('two seconds of each without a finding', async (t) => {
  const counts = [fuzzConfig(1, 2), fuzzWatch(1, 2), await fuzzGrpc(1, 2)];
  t.diagnostic(`${counts.join(', ')} executions`);
  assert.ok(counts.every((count) => count > 20));
});
