// A maglevd asked from elsewhere: over TLS, with credentials for changes, and one that is something else.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realClock } from '@vpp-maglev/server/clock';
import { ApiError } from '@vpp-maglev/server/errors';
import { authFileText, tokens } from '../../../server/test/support/access-table.ts';
import { createAuthority } from '../../../server/test/support/certificates.ts';
import { makeDirectory, removeDirectory } from '../../../server/test/support/guarded-process.ts';
import { startMaglevd } from '../../../server/test/support/maglevd.ts';
import { createRemoteSource, type RemoteOptions } from '../remote-source.ts';
import { staticConfig } from './support.ts';

const caller = { user: 'alice', address: '192.0.2.7', requestId: 'r' };

function sourceFor(t: TestContext, baseUrl: string, more: Partial<RemoteOptions> = {}) {
  const name = new URL(baseUrl).host;
  const source = createRemoteSource({ clock: realClock, name, baseUrl, ...more });
  t.after(() => source.stop());
  return source;
}

const refused = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ApiError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return true;
};

test('TLS is verified, and credentials are shown with changes alone', { timeout: 60_000 }, async (t) => {
  const directory = makeDirectory('remote');
  t.after(() => removeDirectory(directory));
  const authority = createAuthority('CA');
  const { certPem, keyPem } = authority.issue({ addresses: ['127.0.0.1'] });
  const files = { cert: certPem, key: keyPem, auth: authFileText };
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  const maglevd = await startMaglevd({
    config: staticConfig,
    flags: [
      ...['--tls-cert', join(directory, 'cert'), '--tls-key', join(directory, 'key')],
      ...['--auth-file', join(directory, 'auth')],
    ],
  });
  t.after(() => maglevd.kill());
  const url = maglevd.apiUrl.replace('http:', 'https:');
  const caPem = authority.certPem;
  const stranger = sourceFor(t, url);
  await assert.rejects(stranger.call('GetVersion', {}), refused('unavailable', /certificate|verify/));

  const operator = sourceFor(t, url, { caPem, authorization: `Bearer ${tokens.operator}` });
  const { backends } = await operator.call('ListBackends', {});
  assert.equal((backends as unknown[]).length, 4);
  const paused = await operator.call('PauseBackend', { backend: 'b1' }, caller);
  assert.equal(paused['state'], 'paused');
  const { overrides } = await operator.call('ListOverrides', {});
  const [override] = overrides as { by: string; reason: string }[];
  assert.equal(override?.by, 'deploy (127.0.0.1)');
  assert.equal(override?.reason, 'dashboard user alice (192.0.2.7)');

  // What is wrong with the credentials does not keep anybody from looking.
  const wrong = sourceFor(t, url, { caPem, authorization: 'Bearer mglv_nobody' });
  assert.equal(typeof (await wrong.call('GetVersion', {}))['version'], 'string');
  const change = wrong.call('PauseBackend', { backend: 'b2' }, caller);
  await assert.rejects(change, refused('unauthenticated', /unknown token/));
});

test('what is no maglevd is told as what it is', { timeout: 60_000 }, async (t) => {
  const server = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const web = sourceFor(t, `http://127.0.0.1:${port}`);
  await assert.rejects(web.call('GetVersion', {}), refused('unavailable', /HTTP\/2/));
  const nobody = sourceFor(t, 'http://127.0.0.1:1');
  await assert.rejects(nobody.call('GetVersion', {}), refused('unavailable', /^connection refused$/));
  const unknown = sourceFor(t, 'http://no-such-host.invalid:9090');
  await assert.rejects(unknown.call('GetVersion', {}), refused('unavailable', /host|name service/));
  await assert.rejects(
    nobody.call('PauseBackend', { colour: 1 }, caller),
    refused('invalid_argument', /colour/),
  );
});
