import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { InjectOptions } from 'fastify';
import { exampleText, startTestDaemon } from '../../test/support/daemon.ts';
import { Problem } from './errors.ts';
import { operations } from './operations.ts';

const ajv = new Ajv2020({ allErrors: true });
formats.default(ajv);

async function setUp(t: TestContext, text?: string) {
  const daemon = await startTestDaemon(text);
  t.after(() => daemon.stop());
  const call = async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD',
    path: string,
    more: InjectOptions = {},
  ) => {
    const response = await daemon.api.inject({ method, url: `/api/v1${path}`, ...more });
    const body = response.body === '' ? undefined : response.json();
    return { status: response.statusCode, headers: response.headers, body };
  };
  return { daemon, call };
}

test('every read answers in the shape of its schema, before and after the first probes', async (t) => {
  const { daemon, call } = await setUp(t);
  for (const waitMs of [0, 5000]) {
    await daemon.clock.advance(waitMs);
    for (const operation of operations.filter(({ verb, streams }) => verb === 'GET' && !streams)) {
      const path = operation.path
        .replace('{backend}', 'b1')
        .replace('{frontend}', 'www')
        .replace('{healthcheck}', 'http-ok');
      const answer = call('GET', path);
      // What is read from VPP takes its time, which is the test's.
      await daemon.clock.advance(100);
      const { status, body, headers } = await answer;
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(status, 200, path);
      const validate = ajv.compile(operation.response);
      assert.ok(validate(body), `${path}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(body)}`);
    }
  }
});

test('a backend in full', async (t) => {
  const { daemon, call } = await setUp(t);
  await daemon.clock.advance(3000);
  const { body } = await call('GET', '/backends/b1');
  assert.deepEqual(Object.keys(body), [
    'name',
    'address',
    'healthcheck',
    'enabled',
    'state',
    'code',
    'detail',
    'since',
    'counter',
    'lastProbe',
    'transitions',
    'frontends',
  ]);
  assert.deepEqual(body.counter, { value: 4, rise: 2, fall: 3 });
  assert.deepEqual(body.frontends, ['www']);
  assert.equal(body.lastProbe.duration, '0.001s');
  assert.deepEqual(body.transitions, [
    { from: 'unknown', to: 'up', at: body.since, code: 'L7OK', detail: 'HTTP 200' },
  ]);
});

test('frontends show pools, weights in their three forms, and what serves', async (t) => {
  const { daemon, call } = await setUp(t);
  await daemon.clock.advance(3000);
  const { body } = await call('GET', '/frontends/www');
  assert.equal(body.state, 'up');
  assert.equal(body.activePool, 'primary');
  assert.equal(body.encap, 'gre4');
  assert.deepEqual(body.pools[0].backends, [
    { name: 'b1', state: 'up', weight: 100, effectiveWeight: 100, programmedWeight: 10 },
    { name: 'b2', state: 'up', weight: 50, effectiveWeight: 50, programmedWeight: 5 },
  ]);
  assert.equal(body.pools[1].backends[0].state, 'disabled');
  const all = (await call('GET', '/frontends/all')).body;
  assert.equal(all.protocol, 'any');
  assert.equal('port' in all, false, 'a field that does not apply is absent');
});

test('the four actions, their refusals, and what they leave in the overrides', async (t) => {
  const { daemon, call } = await setUp(t);
  await daemon.clock.advance(3000);
  const paused = await call('POST', '/backends/b1/pause', { payload: { reason: 'kernel upgrade' } });
  assert.equal(paused.status, 200);
  assert.equal(paused.body.state, 'paused');
  assert.equal(paused.body.detail, 'by 127.0.0.1: kernel upgrade');
  const again = await call('POST', '/backends/b1/pause');
  assert.deepEqual(again.body, paused.body, 'repeating one that holds succeeds and emits nothing');
  const { body } = await call('GET', '/overrides');
  assert.deepEqual(body.overrides, [
    { backend: 'b1', admin: 'paused', by: '127.0.0.1', at: paused.body.since, reason: 'kernel upgrade' },
  ]);
  assert.equal((await call('POST', '/backends/b1/resume')).body.state, 'unknown');
  assert.equal((await call('POST', '/backends/b1/disable')).body.enabled, false);
  const refused = await call('POST', '/backends/b1/pause');
  assert.equal(refused.status, 409);
  assert.equal(refused.body.code, 'failed_precondition');
  assert.match(refused.body.detail, /enable it first/);
  assert.equal((await call('POST', '/backends/b1/enable')).body.state, 'unknown');
  assert.deepEqual((await call('GET', '/overrides')).body.overrides, []);
  const codes = (await call('GET', '/backends/b1')).body.transitions.map(
    (each: { code: string }) => each.code,
  );
  assert.deepEqual(codes, ['L7OK', 'paused', 'resumed', 'disabled', 'enabled']);
});

test('an action that cannot be stored is refused and changes nothing', async (t) => {
  const { daemon, call } = await setUp(t);
  await daemon.clock.advance(3000);
  const before = (await call('GET', '/backends/b1')).body;
  daemon.failDisk('overrides.json cannot be written: no space left on device');
  const { status, body } = await call('POST', '/backends/b1/disable');
  assert.equal(status, 503);
  assert.match(body.detail, /no space left on device/);
  assert.deepEqual((await call('GET', '/backends/b1')).body, before);
  daemon.failDisk(undefined);
  assert.equal((await call('POST', '/backends/b1/disable')).status, 200);
});

const textPlain = { 'content-type': 'text/plain' };
const refusals: readonly [
  string,
  'GET' | 'POST' | 'PUT' | 'DELETE',
  string,
  InjectOptions,
  number,
  string,
][] = [
  [
    'unknown backend',
    'GET',
    '/backends/fixd',
    {},
    404,
    'backend fixd: no such backend (did you mean fixed?)',
  ],
  [
    'unknown frontend',
    'GET',
    '/frontends/wwww',
    {},
    404,
    'frontend wwww: no such frontend (did you mean www?)',
  ],
  ['unknown health check', 'GET', '/healthchecks/zzzz', {}, 404, 'health check zzzz: no such health check'],
  ['action on an unknown backend', 'POST', '/backends/b9/pause', {}, 404, 'backend b9: no such backend'],
  ['no such resource', 'GET', '/nothing', {}, 404, 'no such resource'],
  ['wrong verb', 'DELETE', '/backends/b1', {}, 405, 'DELETE is not possible here: HEAD, GET, OPTIONS'],
  ['action by GET', 'GET', '/backends/b1/pause', {}, 405, 'GET is not possible here: POST, OPTIONS'],
  [
    'unknown field',
    'POST',
    '/backends/b1/pause',
    { payload: { why: 'x' } },
    400,
    'why: is no field of this request',
  ],
  ['wrong type', 'POST', '/backends/b1/pause', { payload: { reason: 1 } }, 400, 'reason: must be string'],
  ['null', 'POST', '/backends/b1/pause', { payload: { reason: null } }, 400, 'reason: must be string'],
  ['not an object', 'POST', '/backends/b1/pause', { payload: [] }, 400, 'body: must be object'],
  ['reason too long', 'POST', '/backends/b1/pause', { payload: { reason: 'x'.repeat(257) } }, 400, '256'],
  [
    'control character',
    'POST',
    '/backends/b1/pause',
    { payload: { reason: 'a\nb' } },
    400,
    'control character',
  ],
  ['unknown filter', 'GET', '/backends?sate=up', {}, 400, 'sate: is no field of this request'],
  ['filter that cannot be', 'GET', '/backends?state=upp', {}, 400, 'state.0: must be equal to one of'],
  ['filter by what is not there', 'GET', '/backends?frontend=wwww', {}, 404, 'did you mean www?'],
  [
    'two values where one is asked for',
    'GET',
    '/overrides?backend=b1&backend=b2',
    {},
    400,
    'backend: must be',
  ],
  [
    'type that is no JSON',
    'POST',
    '/backends/b1/pause',
    { payload: 'x', headers: textPlain },
    415,
    'text/plain',
  ],
  ['name that cannot be', 'GET', '/backends/-x', {}, 400, 'backend: must match pattern'],
];
for (const [name, method, path, more, status, detail] of refusals) {
  test(`refused: ${name}`, async (t) => {
    const { call } = await setUp(t);
    const response = await call(method, path, more);
    assert.equal(response.status, status);
    assert.equal(response.headers['content-type'], 'application/problem+json');
    assert.ok(ajv.validate(Problem, response.body), JSON.stringify(response.body));
    assert.ok(response.body.detail.includes(detail), response.body.detail);
    if (status === 405) assert.ok(response.headers['allow']);
  });
}

test('refused: what is not JSON, or claims to be something else', async (t) => {
  const { call } = await setUp(t);
  const headers = { 'content-type': 'application/json' };
  const broken = await call('POST', '/backends/b1/pause', { payload: '{', headers });
  assert.equal(broken.status, 400);
  assert.match(broken.body.detail, /not JSON/);
  assert.equal((await call('POST', '/backends/b1/pause', { payload: '', headers })).status, 200);
  const typed = { 'content-type': 'text/plain', 'content-length': '0' };
  assert.equal((await call('POST', '/backends/b1/pause', { headers: typed })).status, 200);
  const nothing = await call('POST', '/backends/b1/pause', { payload: 'null', headers });
  assert.equal(nothing.status, 400);
  assert.match(nothing.body.detail, /body: must be object/);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal(
    (await call('POST', '/backends/b1/resume', { payload: 'reason=x', headers: form })).status,
    415,
  );
  const huge = JSON.stringify({ reason: 'x'.repeat(100_000) });
  assert.equal((await call('POST', '/backends/b1/resume', { payload: huge, headers })).status, 413);
});

test('filters: by state, by who uses it, by type; the order stays', async (t) => {
  const { daemon, call } = await setUp(t);
  await daemon.clock.advance(3000);
  const names = async (path: string) => {
    const { status, body } = await call('GET', path);
    assert.equal(status, 200, JSON.stringify(body));
    const [list] = Object.values(body) as { name?: string; backend?: string }[][];
    return list?.map(({ name, backend }) => name ?? backend);
  };
  assert.deepEqual(await names('/backends?state=up'), ['b1', 'b2', 'fixed']);
  assert.deepEqual(await names('/backends?state=disabled&state=down'), ['b3']);
  assert.deepEqual(await names('/backends?frontend=www'), ['b1', 'b2', 'b3']);
  assert.deepEqual(await names('/backends?frontend=www&state=up'), ['b1', 'b2']);
  assert.deepEqual(await names('/frontends?state=down'), []);
  assert.deepEqual(await names('/frontends?backend=fixed'), ['all']);
  assert.deepEqual(await names('/healthchecks?type=icmp'), ['ping']);
  await call('POST', '/backends/b2/pause');
  await call('POST', '/backends/b1/pause');
  assert.deepEqual(await names('/overrides?backend=b1'), ['b1']);
  const vips = async (path: string) =>
    (await call('GET', path)).body.vips.map((vip: { frontend: string }) => vip.frontend);
  await daemon.clock.advance(3000);
  const answer = vips('/vpp/lb/state?frontend=all');
  await daemon.clock.advance(100);
  assert.deepEqual(await answer, ['all']);
});

test('a list has a tag; who holds it gets nothing again until it changes', async (t) => {
  const { daemon, call } = await setUp(t);
  const first = await call('GET', '/frontends');
  const tag = String(first.headers['etag']);
  assert.equal((await call('HEAD', '/frontends')).headers['etag'], tag);
  const headers = { 'if-none-match': tag };
  const again = await call('GET', '/frontends', { headers });
  assert.deepEqual([again.status, again.body, again.headers['etag']], [304, undefined, tag]);
  await daemon.clock.advance(3000);
  const changed = await call('GET', '/frontends', { headers });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers['etag'], tag);
});

test('OPTIONS names the verbs', async (t) => {
  const { daemon } = await setUp(t);
  const ask = async (url: string) => {
    const { statusCode, headers } = await daemon.api.inject({ method: 'OPTIONS', url: `/api/v1${url}` });
    return [statusCode, headers['allow']];
  };
  assert.deepEqual(await ask('/backends'), [204, 'HEAD, GET, OPTIONS']);
  assert.deepEqual(await ask('/backends/b1/pause'), [204, 'POST, OPTIONS']);
});

test('check and reload say what is wrong with its place, and what changed', async (t) => {
  const { daemon, call } = await setUp(t);
  const { body: checked } = await call('POST', '/config/check');
  assert.deepEqual([checked.ok, checked.errors, checked.warnings.length], [true, [], 1]);
  assert.match(checked.warnings[0].message, /never serves/);
  daemon.setFile(exampleText.replace('http-ok }\n    b2', 'http-okk }\n    b2'));
  for (const path of ['/config/check', '/config/reload']) {
    const { status, body } = await call('POST', path);
    assert.deepEqual([status, body.ok, 'changes' in body], [200, false, false]);
    assert.deepEqual(Object.keys(body.errors[0]), ['kind', 'path', 'line', 'column', 'message']);
    assert.equal(body.errors[0].path, 'maglev.backends.b1.healthcheck');
  }
  daemon.setFile(exampleText.replace('    b2: {', '    b4: { address: 10.0.0.9 }\n    b2: {'));
  const { body } = await call('POST', '/config/reload');
  assert.equal(body.ok, true);
  assert.deepEqual(body.changes.backends, { added: ['b4'], removed: [], changed: [] });
  assert.equal((await call('GET', '/backends/b4')).status, 200);
});

test('access: everybody reads; changes only from this machine, from no page of another site', async (t) => {
  const { call } = await setUp(t);
  const from = (method: 'GET' | 'POST', path: string, remoteAddress: string) =>
    call(method, path, { remoteAddress });
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
    assert.equal((await from('POST', '/backends/b1/pause', address)).status, 200, address);
  }
  for (const address of ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::1', '128.0.0.1']) {
    assert.equal((await from('GET', '/backends', address)).status, 200, address);
    const refused = await from('POST', '/backends/b1/resume', address);
    assert.equal(refused.status, 403, address);
    assert.match(refused.body.detail, /need credentials: start maglevd with --auth-file/);
  }
  const act = (headers: Record<string, string>) => call('POST', '/backends/b1/pause', { headers });
  assert.equal((await act({ 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.equal((await act({ origin: 'https://evil.example', host: 'localhost:9090' })).status, 403);
  assert.equal((await act({ origin: 'http://localhost:9090', host: 'localhost:9090' })).status, 200);
});

test('every answer names its request, and what a browser may do with it', async (t) => {
  const { daemon, call } = await setUp(t);
  const own = await call('GET', '/backends', { headers: { 'x-request-id': 'abc.1' } });
  assert.equal(own.headers['x-request-id'], 'abc.1');
  for (const url of ['/api/v1/backends', '/api/v1/nothing', '/healthz', '/']) {
    const { headers } = await daemon.api.inject({ url, headers: { 'x-request-id': 'a b' } });
    assert.match(String(headers['x-request-id']), /^[\w-]{8}-\d+$/, url);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
    assert.equal(headers['cache-control'], 'no-store');
  }
});

test('a change is written down with who asked for it, also one that is refused', async (t) => {
  const { daemon, call } = await setUp(t);
  const headers = { 'x-request-id': 'r7' };
  await call('POST', '/backends/b1/pause', { payload: { reason: 'reboot' }, headers });
  await call('POST', '/backends/nope/pause', { headers });
  await call('POST', '/backends/b1/resume', { remoteAddress: '192.0.2.7', headers });
  await call('GET', '/backends/b1', { headers });
  const lines = daemon.logged.filter(({ message }) => message === 'audit');
  const common = { operation: 'PauseBackend', requestId: 'r7', address: '127.0.0.1' };
  assert.deepEqual(
    lines.map(({ attributes }) => attributes),
    [
      { ...common, target: 'b1', code: 'ok', reason: 'reboot' },
      { ...common, target: 'nope', code: 'not_found', why: 'backend nope: no such backend' },
      {
        ...common,
        operation: 'ResumeBackend',
        address: '192.0.2.7',
        target: 'b1',
        code: 'permission_denied',
        why: Reflect.get(lines[2]?.attributes ?? {}, 'why'),
      },
    ],
  );
});

test('HEAD, health endpoints and the index', async (t) => {
  const { daemon, call } = await setUp(t);
  assert.equal((await call('HEAD', '/backends')).status, 200);
  const get = async (url: string, remoteAddress = '127.0.0.1') =>
    daemon.api.inject({ method: 'GET', url, remoteAddress });
  assert.equal((await get('/healthz', '192.0.2.7')).statusCode, 200);
  assert.deepEqual((await get('/readyz')).json(), { status: 'ready', vpp: { connection: 'connected' } });
  assert.ok((await get('/')).json().resources.includes('/api/v1/backends'));
});

test('headers of a health check keep their names, also awkward ones', async (t) => {
  const text = exampleText.replace('X-Check: maglev', '__proto__: a, X-Check: maglev');
  const { call } = await setUp(t, text);
  const { body } = await call('GET', '/healthchecks/http-ok');
  assert.deepEqual(Object.entries(body.params.headers), [
    ['__proto__', 'a'],
    ['X-Check', 'maglev'],
  ]);
});
