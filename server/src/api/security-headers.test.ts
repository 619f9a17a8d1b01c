import assert from 'node:assert/strict';
import { test } from 'node:test';
import { securityHeaders } from './security-headers.ts';

test('answers for programs may load nothing, pages only their own, and neither is framed', () => {
  for (const path of ['/api/v1/backends', '/healthz', '/', '/docsx', '/maglev.v1.MaglevService/GetVersion']) {
    assert.match(securityHeaders(path, false)['content-security-policy'] ?? '', /^default-src 'none';/, path);
  }
  for (const path of ['/docs', '/docs/', '/docs/static/index.css', '/ui/x']) {
    const policy = securityHeaders(path, false)['content-security-policy'] ?? '';
    assert.match(policy, /^default-src 'self';.* frame-ancestors 'none'/, path);
    assert.doesNotMatch(policy, /script-src|unsafe-eval/);
  }
  assert.deepEqual(securityHeaders('/api/v1/version', false), {
    'x-content-type-options': 'nosniff',
    'content-security-policy':
      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  });
});

test('only over TLS is TLS asked for', () => {
  assert.match(securityHeaders('/', true)['strict-transport-security'] ?? '', /^max-age=[0-9]{7,}$/);
});
