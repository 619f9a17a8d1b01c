// The pages as browsers get them: caching, links to every place, headers, and no way out of the directory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askHttp } from '../../../server/test/support/http-request.ts';
import { startTestFrontend } from './support.ts';

/** Nobody listens there. */
const nowhere = 'http://127.0.0.1:1';

test('links lead to the page from every place, and assets are kept', { timeout: 30_000 }, async (t) => {
  const { url } = await startTestFrontend(t, [nowhere]);
  for (const path of ['/view/', '/view/index.html', '/view/local/frontend/www.v4', '/view/a%20b?x=1']) {
    const { status, headers, body } = await askHttp(url + path);
    assert.equal(status, 200, path);
    assert.match(String(headers['content-type']), /^text\/html/);
    assert.equal(headers['cache-control'], 'no-cache');
    // From any depth, and not from another origin.
    assert.match(body, /src="\/view\/assets\/index-0a1b2c\.js"/);
  }
  assert.equal((await askHttp(`${url}/view`)).headers['location'], '/view/');
  assert.equal((await askHttp(`${url}/`)).headers['location'], '/view/');
  const asset = await askHttp(`${url}/view/assets/index-0a1b2c.js`);
  assert.equal(asset.status, 200);
  assert.match(String(asset.headers['cache-control']), /max-age=31536000, immutable/);
  assert.match(String(asset.headers['content-type']), /javascript/);
  const packed = await askHttp(`${url}/view/assets/index-0a1b2c.js`, {
    headers: { 'accept-encoding': 'gzip' },
  });
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.match(String(packed.headers['content-type']), /javascript/);
  assert.match(String(packed.headers['cache-control']), /immutable/);
  assert.match(String(packed.headers['vary']), /accept-encoding/i);
  const icon = await askHttp(`${url}/view/icon.svg`);
  assert.match(String(icon.headers['content-type']), /svg/);
  assert.match(String(icon.headers['cache-control']), /max-age=0/);
});

test('every answer says what the page may do: nothing but ask this origin', {
  timeout: 30_000,
}, async (t) => {
  const { url } = await startTestFrontend(t, [nowhere], { admin: { user: 'alice', password: 'x' } });
  for (const path of ['/view/', '/view/assets/index-0a1b2c.js', '/admin/', '/view/api/nothing']) {
    const { headers } = await askHttp(url + path);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/, path);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|http:|https:/);
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['set-cookie'], undefined);
  }
});

test('there is no listing and no way out', { timeout: 30_000 }, async (t) => {
  const { url } = await startTestFrontend(t, [nowhere]);
  const none = [
    '/view/assets/',
    '/view/assets',
    '/view/assets/nothing.js',
    '/view/assets/%00',
    '/view/assets/..%2f..%2f..%2f..%2fetc%2fpasswd',
    '/view/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
    '/view/api/nothing',
    '/view/api',
    '/elsewhere',
  ];
  for (const path of none) {
    const { status, body } = await askHttp(url + path);
    assert.ok(!body.includes('root:'), path);
    if (path === '/view/assets') continue;
    assert.ok(status === 404 || status === 400 || status === 403, `${path}: ${status}`);
  }
  assert.equal((await askHttp(`${url}/view/`, { method: 'POST', body: '{}' })).status, 404);
});
