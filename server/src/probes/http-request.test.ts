import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpParams } from '../config/config.ts';
import { buildHttpRequest, type RequestTarget } from './http-request.ts';

const params: HttpParams = {
  method: 'GET',
  path: '/',
  headers: [],
  responseCode: [{ first: 200, last: 299 }],
};
const v4: RequestTarget = { address: '192.0.2.1', family: 4, port: 80, defaultPort: 80 };
const v6: RequestTarget = { address: '2001:db8::1', family: 6, port: 443, defaultPort: 443 };
const build = (changes: Partial<HttpParams>, target = v4) =>
  buildHttpRequest({ ...params, ...changes }, target, 'maglevd/1.2.3 (+https://example.org)').toString(
    'utf8',
  );
const hostLine = (changes: Partial<HttpParams>, target: RequestTarget) =>
  build(changes, target).split('\r\n')[1];

test('a whole request', () => {
  assert.equal(
    build({ method: 'HEAD', path: '/healthz?deep=1' }),
    'HEAD /healthz?deep=1 HTTP/1.1\r\n' +
      'Host: 192.0.2.1\r\n' +
      'User-Agent: maglevd/1.2.3 (+https://example.org)\r\n' +
      'Connection: close\r\n\r\n',
  );
});

test("Host: the configured one as it is, else the address, with a port that is not the scheme's own", () => {
  assert.equal(hostLine({ host: 'www.example.org' }, { ...v4, port: 8080 }), 'Host: www.example.org');
  assert.equal(hostLine({}, { ...v4, port: 8080 }), 'Host: 192.0.2.1:8080');
  assert.equal(hostLine({}, v6), 'Host: [2001:db8::1]');
  assert.equal(hostLine({}, { ...v6, port: 80 }), 'Host: [2001:db8::1]:80');
});

test('configured headers follow in their order and replace ours of the same name', () => {
  const headers = [
    ['Accept', '*/*'],
    ['user-agent', 'Ünicode'],
    ['X-Twice', '1'],
    ['X-Twice', '2'],
  ] as const;
  assert.equal(
    build({ headers }),
    'GET / HTTP/1.1\r\nHost: 192.0.2.1\r\nConnection: close\r\n' +
      'Accept: */*\r\nuser-agent: Ünicode\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n',
  );
});

test('a line break anywhere is a bug of ours', () => {
  assert.throws(() => build({ path: '/\r\nX: y' }), /no line break/);
  assert.throws(() => build({ host: 'a\nb' }), /no line break/);
  assert.throws(() => build({ headers: [['X', 'a\0b']] }), /no line break/);
});
