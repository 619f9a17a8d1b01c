// The dashboard as part of the daemon's own server: beside REST, gRPC and documents on one port, with the
// daemon itself asked in process.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { type TestContext, test } from 'node:test';
import { realClock } from '@vpp-maglev/server/clock';
import type { Caller } from '../../../server/src/api/caller.ts';
import { createAccess } from '../../../server/src/api/identify.ts';
import { operations } from '../../../server/src/api/operations.ts';
import { connectionOf } from '../../../server/src/api/port-connection.ts';
import { checkRequest } from '../../../server/src/api/request-check.ts';
import { createApiServer } from '../../../server/src/api/server.ts';
import { noTrustedProxies } from '../../../server/src/api/trusted-proxies.ts';
import { startTestDaemon } from '../../../server/test/support/daemon.ts';
import { eventually } from '../../../server/test/support/guarded-process.ts';
import { askHttp } from '../../../server/test/support/http-request.ts';
import { registerDashboard } from '../dashboard.ts';
import { createLocalSource, type LocalDaemon } from '../local-source.ts';
import { alice, basic, makePages, openStream } from './support.ts';

async function start(t: TestContext) {
  const daemon = await startTestDaemon();
  await daemon.clock.advance(60_000);
  const { control, events, log, metrics, lb } = daemon;
  const access = createAccess({
    ...{ clock: realClock, log, hostname: 'localhost', trustedProxies: noTrustedProxies },
  });
  const api = createApiServer({
    ...{ control, events, log, metrics, access, clock: realClock, reflection: true },
    ...(lb && { lb }),
  });
  const base = { control, feeds: api.feeds, ...(lb && { lb }) };
  const local: LocalDaemon = {
    async call(rpc, request, caller) {
      const operation = operations.find((each) => each.rpc === rpc);
      assert.ok(operation, rpc);
      checkRequest(operation, request);
      const who: Caller = caller
        ? { ...caller, role: 'operator', user: `dashboard user ${caller.user}` }
        : { role: 'viewer', address: 'local', requestId: 'dashboard' };
      return operation.handler({ ...base, caller: who }, request as never, AbortSignal.timeout(10_000));
    },
    watch: (request, signal) => api.feeds.watch(request, signal),
  };
  const dashboard = registerDashboard(api.app, {
    sources: [createLocalSource(local)],
    ...{ clock: realClock, log, credentials: alice, distPath: makePages(t) },
    addressOf: ({ raw }) => connectionOf(raw).address,
  });
  const port = await api.port.listen(api.app, { host: '127.0.0.1', port: 0 }, 'grpc-addr');
  const stop = async () => {
    await dashboard.stop();
    await api.close();
    await daemon.stop();
  };
  return { daemon, api, url: `http://127.0.0.1:${port}`, stop };
}

test('pages, streams and changes live beside REST and documents', { timeout: 60_000 }, async (t) => {
  const { daemon, api, url, stop } = await start(t);
  t.after(stop);
  for (const path of ['/view/', '/docs/', '/healthz', '/api/v1/backends', '/view/assets/index-0a1b2c.js']) {
    const { status } = await askHttp(url + path);
    assert.equal(status, 200, path);
  }
  assert.match(
    String((await askHttp(`${url}/view/`)).headers['content-security-policy']),
    /script-src 'self'/,
  );
  assert.equal((await askHttp(`${url}/view/api/none`)).status, 404);
  assert.equal(api.feeds.counts().subscribers, 0, 'without a page nothing is watched');
  const first = await openStream(t, `${url}/view/api/stream`);
  const { message: told } = await first.waitFor(({ t }) => t === 'picture');
  const [own] = told.t === 'picture' ? told.maglevds : [];
  assert.deepEqual([own?.connection, own?.vpp.connection], ['connected', 'connected'], 'the very first');
  assert.ok(own && own.backends.length > 0 && own.frontends.length > 0);
  const stream = await openStream(t, `${url}/admin/api/stream`, { authorization: basic(alice) });
  const { message } = await stream.waitFor(({ t }) => t === 'picture');
  assert.ok(message.t === 'picture');
  const [picture] = message.maglevds;
  assert.deepEqual([picture?.name, picture?.connection], ['local', 'connected']);
  const rest = JSON.parse((await askHttp(`${url}/api/v1/backends`)).body);
  assert.deepEqual(picture?.backends, rest.backends);
  assert.equal(picture?.vpp.connection, 'connected');

  const body = { maglevd: 'local', operation: 'DisableBackend', request: { backend: 'b1' } };
  const headers = { authorization: basic(alice) };
  const preview = await askHttp(`${url}/admin/api/preview`, { method: 'POST', body, headers });
  assert.match(preview.body, /Disable b1: 1 frontend, /);
  const answer = await askHttp(`${url}/admin/api/change`, { method: 'POST', body, headers });
  assert.equal(answer.status, 200, answer.body);
  assert.equal(JSON.parse(answer.body).state, 'disabled');
  const overrides = JSON.parse((await askHttp(`${url}/api/v1/overrides`)).body).overrides;
  assert.equal(overrides[0].by, 'dashboard user alice (127.0.0.1)');
  await stream.waitFor((each) => each.t === 'change' && each.backends.some(({ name }) => name === 'b1'));
  assert.ok(daemon.logged.some(({ message }) => message === 'dashboard-change'));
});

test('the stream comes over HTTP/2 as well, and a stop ends it', { timeout: 60_000 }, async (t) => {
  const { api, url, stop } = await start(t);
  const session = connect(url);
  t.after(() => session.destroy());
  const request = session.request({ ':path': '/view/api/stream' });
  let text = '';
  request.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  const [headers] = await once(request, 'response');
  assert.equal(headers[':status'], 200);
  await eventually('the picture', 5_000, () => text.includes('"t":"picture"') || undefined);
  const closed = once(request, 'close');
  const startMs = performance.now();
  await stop();
  await closed;
  assert.ok(performance.now() - startMs < 2_000);
  assert.equal(api.feeds.counts().subscribers, 0);
});
