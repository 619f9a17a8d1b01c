// Who may talk to a running maglevd: pages of other sites may not change anything, other machines may not
// ask.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { BackendJson } from '../../src/api/schemas.ts';
import { type Maglevd, startMaglevd } from '../support/maglevd.ts';
import { createNetns, joinNetns, type Netns, netnsSkip } from '../support/netns.ts';

const config = 'maglev: { backends: { fixed: { address: 127.0.0.1 } } }\n';

async function run(t: TestContext): Promise<Maglevd> {
  const maglevd = await startMaglevd({ config });
  t.after(() => maglevd.kill());
  return maglevd;
}

const stateOf = async (maglevd: Maglevd) => (await maglevd.api<BackendJson>('/backends/fixed')).state;

test('a page of another site may not pause a backend; our own, and a script, may', async (t) => {
  const maglevd = await run(t);
  const foreign: readonly Readonly<Record<string, string>>[] = [
    { origin: 'https://example.org' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: maglevd.apiUrl },
    { origin: 'https://example.org', 'sec-fetch-site': 'same-origin' },
  ];
  for (const headers of foreign) {
    const answer = await maglevd.post('/backends/fixed/pause', { headers });
    const { code } = JSON.parse(answer.body);
    const what = JSON.stringify(headers);
    assert.deepEqual([answer.status, code], [403, 'permission_denied'], what);
    assert.equal(answer.headers['content-type'], 'application/problem+json', what);
    assert.equal(await stateOf(maglevd), 'up', what);
  }
  const own = { origin: maglevd.apiUrl, 'sec-fetch-site': 'same-origin' };
  assert.equal((await maglevd.post('/backends/fixed/pause', { headers: own })).status, 200);
  assert.equal(await stateOf(maglevd), 'paused');
  assert.equal((await maglevd.post('/backends/fixed/resume')).status, 200);
  await maglevd.stop();
});

/** Status and body of a request that is made inside a namespace. */
function askInside(netns: Netns, url: string, method = 'GET'): { status: number; body: string } {
  const script = `
    const response = await fetch(${JSON.stringify(url)}, { method: '${method}' });
    console.log(JSON.stringify({ status: response.status, body: await response.text() }));`;
  return JSON.parse(netns.exec(process.execPath, '--input-type=module', '--eval', script));
}

test('another machine reads, and changes nothing without credentials', {
  skip: netnsSkip(),
}, async (t) => {
  const [here, there] = [createNetns(), createNetns()];
  t.after(() => {
    here.remove();
    there.remove();
  });
  joinNetns(here, there, {
    addresses: [
      ['10.9.0.1/24', 'fd09::1/64'],
      ['10.9.0.2/24', 'fd09::2/64'],
    ],
  });
  const maglevd = await startMaglevd({
    config,
    apiAddress: ':0',
    wrapper: ['ip', 'netns', 'exec', here.name],
  });
  t.after(() => maglevd.kill());
  const { port } = new URL(maglevd.apiUrl);
  for (const host of ['10.9.0.1', '[fd09::1]']) {
    const url = `http://${host}:${port}`;
    assert.equal(askInside(there, `${url}/api/v1/backends`).status, 200);
    const change = askInside(there, `${url}/api/v1/backends/fixed/pause`, 'POST');
    assert.equal(change.status, 403);
    const { code, detail } = JSON.parse(change.body);
    assert.equal(code, 'permission_denied');
    const from = host.startsWith('[') ? 'fd09::2' : '10.9.0.2';
    assert.ok(detail.startsWith(`changes from ${from} need credentials: start maglevd with`), detail);
    assert.equal(askInside(there, `${url}/healthz`).status, 200);
  }
  for (const host of ['127.0.0.1', '[::1]']) {
    const { status, body } = askInside(here, `http://${host}:${port}/api/v1/backends/fixed`);
    assert.deepEqual([status, JSON.parse(body).state], [200, 'up'], host);
  }
  await maglevd.stop();
});
