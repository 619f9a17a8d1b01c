// Who may change what from a page: real daemon, real sockets, and browsers that lie.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { askHttp, type HttpAnswer } from '../../../server/test/support/http-request.ts';
import { type Maglevd, startMaglevd } from '../../../server/test/support/maglevd.ts';
import { alice, basic, openStream, startTestFrontend, staticConfig, type TestFrontend } from './support.ts';

async function start(t: TestContext, options: { readonly admin?: typeof alice } = {}) {
  const maglevd = await startMaglevd({ config: staticConfig });
  t.after(() => maglevd.kill());
  const frontend = await startTestFrontend(t, [maglevd.apiUrl], options);
  return { maglevd, frontend, name: new URL(maglevd.apiUrl).host };
}

const authorized = { authorization: basic(alice) };

interface Overrides {
  readonly overrides: readonly {
    readonly backend: string;
    readonly admin?: string;
    readonly reason?: string;
  }[];
}
const overridesOf = async (maglevd: Maglevd) => (await maglevd.api<Overrides>('/overrides')).overrides;

function change(
  { url }: TestFrontend,
  body: object | string,
  headers: Readonly<Record<string, string>> = authorized,
): Promise<HttpAnswer> {
  return askHttp(`${url}/admin/api/change`, { method: 'POST', body, headers });
}

const detailOf = ({ body }: HttpAnswer) => (JSON.parse(body) as { readonly detail: string }).detail;

test('without credentials there is no /admin', { timeout: 60_000 }, async (t) => {
  const { frontend, name } = await start(t);
  for (const path of ['/admin', '/admin/', '/admin/assets/index-0a1b2c.js', '/admin/api/stream']) {
    const answer = await askHttp(frontend.url + path, { headers: authorized });
    assert.equal(answer.status, 404, path);
    assert.match(detailOf(answer), /MAGLEV_FRONTEND_USER/);
  }
  const request = { maglevd: name, operation: 'PauseBackend', request: { backend: 'b1' } };
  assert.equal((await change(frontend, request)).status, 404);
  assert.equal(
    (await askHttp(`${frontend.url}/view/api/change`, { method: 'POST', body: request })).status,
    404,
  );
  assert.equal((await askHttp(`${frontend.url}/view/`)).status, 200);
});

test('a wrong password is refused, counted, and known to nobody', { timeout: 60_000 }, async (t) => {
  const { frontend } = await start(t, { admin: alice });
  const ask = (authorization?: string, mode?: string) =>
    askHttp(`${frontend.url}/admin/`, {
      headers: { ...(authorization && { authorization }), ...(mode && { 'sec-fetch-mode': mode }) },
    });
  const nobody = await ask();
  assert.equal(nobody.status, 401);
  assert.match(String(nobody.headers['www-authenticate']), /^Basic realm=/);
  // The browser would put its dialog between the page and its requests.
  assert.equal((await ask(undefined, 'cors')).headers['www-authenticate'], undefined);
  assert.equal((await ask(basic(alice))).status, 200);
  for (const wrong of [
    basic({ ...alice, password: 'correct' }),
    basic({ ...alice, user: 'bob' }),
    basic({ ...alice, password: `${alice.password} ` }),
    'Basic !!!',
    'Bearer x',
  ]) {
    assert.equal((await ask(wrong)).status, 401, wrong);
  }
  const statuses: number[] = [];
  for (let index = 0; index < 12; index++) {
    statuses.push((await ask(basic({ ...alice, password: String(index) }))).status);
  }
  assert.equal(statuses.at(-1), 429);
  const right = await ask(basic(alice));
  assert.equal(right.status, 429, 'a guess that is right is not told apart either');
  assert.match(String(right.headers['retry-after']), /^\d+$/);
  const told = JSON.stringify(frontend.log.lines);
  assert.match(told, /login-refused/);
  assert.ok(!told.includes('bob') && !told.includes('correct'));
});

test('a change is answered by the daemon, recorded with its author, and shown', {
  timeout: 60_000,
}, async (t) => {
  const { maglevd, frontend, name } = await start(t, { admin: alice });
  const stream = await openStream(t, `${frontend.url}/admin/api/stream`, authorized);
  const { message } = await stream.waitFor(({ t }) => t === 'picture');
  assert.ok(message.t === 'picture' && message.canChange);
  const request = { backend: 'b1', reason: 'kernel upgrade' };
  const answer = await change(frontend, { maglevd: name, operation: 'PauseBackend', request });
  assert.equal(answer.status, 200);
  const backend = JSON.parse(answer.body);
  assert.deepEqual([backend.name, backend.state], ['b1', 'paused']);
  assert.deepEqual(await maglevd.api('/backends/b1'), backend, 'the body is what REST has');
  const [override] = await overridesOf(maglevd);
  assert.equal(override?.reason, 'kernel upgrade, dashboard user alice (127.0.0.1)');
  await stream.waitFor(
    (each) => each.t === 'change' && each.backends.some(({ state }) => state === 'paused'),
  );

  const place = { frontend: 'www', pool: 'primary', backend: 'b2' };
  const weight = {
    maglevd: name,
    operation: 'SetFrontendPoolBackendWeight',
    request: { ...place, weight: 10 },
  };
  const weighed = JSON.parse((await change(frontend, weight)).body);
  assert.deepEqual(weighed, await maglevd.api('/frontends/www'));
  const checked = await change(frontend, { maglevd: name, operation: 'CheckConfig', request: {} });
  assert.equal(JSON.parse(checked.body).ok, true);
});

test('what the daemon refuses is refused in its words', { timeout: 60_000 }, async (t) => {
  const { maglevd, frontend, name } = await start(t, { admin: alice });
  const long = { reason: 'x'.repeat(257) };
  const cases = [
    ['PauseBackend', { backend: 'b9' }, '/backends/b9/pause', {}],
    ['DisableBackend', { backend: 'b1', ...long }, '/backends/b1/disable', long],
    ['SyncVPPLBState', {}, '/vpp/lb/sync', {}],
  ] as const;
  for (const [operation, request, path, body] of cases) {
    const answer = await change(frontend, { maglevd: name, operation, request });
    const direct = await maglevd.post(path, { body });
    assert.equal(answer.status, direct.status, answer.body);
    assert.ok(answer.status >= 400);
    assert.deepEqual(JSON.parse(answer.body), JSON.parse(direct.body));
    assert.equal(answer.headers['content-type'], 'application/problem+json');
  }
  const wrongs = [
    { maglevd: 'elsewhere:9090', operation: 'PauseBackend', request: { backend: 'b1' } },
    { maglevd: name, operation: 'GetVersion', request: {} },
    { maglevd: name, operation: 'PauseBackend', request: [] },
    { maglevd: name, operation: 'PauseBackend', request: { backend: 'b1' }, extra: 1 },
    { maglevd: name, operation: 'PauseBackend', request: { backend: 'b1', colour: 'red' } },
    'not json',
  ];
  const before = await overridesOf(maglevd);
  for (const wrong of wrongs) {
    const headers = { ...authorized, 'content-type': 'application/json' };
    const { status, body } = await change(frontend, wrong, headers);
    assert.ok(status === 400 || status === 404, `${JSON.stringify(wrong)}: ${status} ${body}`);
  }
  assert.deepEqual(await overridesOf(maglevd), before);
});

test('a page of another site changes nothing', { timeout: 60_000 }, async (t) => {
  const { maglevd, frontend, name } = await start(t, { admin: alice });
  const host = new URL(frontend.url).host;
  const request = { maglevd: name, operation: 'DisableBackend', request: { backend: 'b1' } };
  const foreign: readonly Readonly<Record<string, string>>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `http://${host}1` },
    { origin: `http://127.0.0.1:1` },
  ];
  for (const headers of foreign) {
    for (const path of ['change', 'preview']) {
      const answer = await askHttp(`${frontend.url}/admin/api/${path}`, {
        method: 'POST',
        headers: { ...authorized, ...headers },
        body: request,
      });
      assert.equal(answer.status, 403, `${path} ${JSON.stringify(headers)}`);
    }
  }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const headers = { ...authorized, 'content-type': type };
    const answer = await change(frontend, JSON.stringify(request), headers);
    assert.equal(answer.status, 415, type);
  }
  assert.deepEqual(await overridesOf(maglevd), []);
  const own = { ...authorized, 'sec-fetch-site': 'same-origin', origin: `http://${host}` };
  assert.equal((await change(frontend, request, own)).status, 200);
  assert.equal((await overridesOf(maglevd)).length, 1);
});
