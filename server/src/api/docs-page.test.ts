import assert from 'node:assert/strict';
import { test } from 'node:test';
import fastify from 'fastify';
import { docsPath, documentPath, registerDocs } from './docs-page.ts';
import { buildOpenApi } from './openapi.ts';
import { operations } from './operations.ts';

const document = buildOpenApi(operations, { version: '0.0.0' });

async function serve(t: { after(end: () => Promise<void>): void }) {
  const app = fastify();
  registerDocs(app, document);
  t.after(() => app.close());
  await app.ready();
  return app;
}

test('the document is served with an ETag that spares it', async (t) => {
  const app = await serve(t);
  const first = await app.inject(documentPath);
  assert.equal(first.statusCode, 200);
  assert.match(String(first.headers['content-type']), /^application\/json/);
  assert.deepEqual(first.json(), document);
  const etag = String(first.headers['etag']);
  const again = await app.inject({ url: documentPath, headers: { 'if-none-match': etag } });
  assert.deepEqual([again.statusCode, again.body, again.headers['etag']], [304, '', etag]);
  const changed = await app.inject({ url: documentPath, headers: { 'if-none-match': '"other"' } });
  assert.equal(changed.statusCode, 200);
});

test('the page and all that it loads come from this server', async (t) => {
  const app = await serve(t);
  const page = await app.inject(docsPath);
  assert.equal(page.statusCode, 200);
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.doesNotMatch(policy, /https?:|unsafe/);
  assert.match(page.body, /<title>maglevd API<\/title>/);
  assert.doesNotMatch(page.body, /<script>|<style>| on[a-z]+=|https?:/, 'nothing inline, nothing foreign');
  const parts = Array.from(page.body.matchAll(/(?:src|href)="([^"]+)"/g), ([, path = '']) => path);
  assert.ok(parts.length >= 8, parts.join(' '));
  for (const path of [...parts, `${docsPath}/json`]) {
    assert.equal((await app.inject(path)).statusCode, 200, path);
  }
  const start = await app.inject(`${docsPath}/static/swagger-initializer.js`);
  assert.match(start.body, /validatorUrl: null/);
  assert.deepEqual((await app.inject(`${docsPath}/json`)).json(), document);
});
