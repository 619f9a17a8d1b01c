import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { createAuthority } from '../../test/support/certificates.ts';
import { tlsContextsMax } from '../lib/limits.ts';
import { createTlsContexts, nameInHost, planTls } from './tls.ts';

test('the name in a Host', () => {
  for (const [host, name] of [
    ['www.example.org', 'www.example.org'],
    ['www.example.org:8443', 'www.example.org'],
    ['www.example.org:', 'www.example.org'],
    ['192.0.2.1:443', '192.0.2.1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
  ] as const) {
    assert.equal(nameInHost(host), name);
  }
});

test('whose certificate is wanted: the server name, else the host, else the address', () => {
  const context = createSecureContext();
  const contexts = { classic: context, hybrid: () => context };
  const identity = (serverName: string | undefined, host: string | undefined) =>
    planTls(
      { insecureSkipVerify: false, ...(serverName !== undefined && { serverName }) },
      [host, '192.0.2.1'],
      [],
      () => contexts,
    ).identity;
  assert.equal(identity('a.example', 'b.example:443'), 'a.example');
  assert.equal(identity(undefined, 'b.example:443'), 'b.example');
  assert.equal(identity(undefined, undefined), '192.0.2.1');
  assert.equal(identity('a.example.', undefined), 'a.example');
});

test('one pair of contexts for each CA file, however many checks ask', () => {
  const contextFor = createTlsContexts();
  const [one = '', two = ''] = ['one', 'two'].map((name) => createAuthority(name).certPem);
  assert.equal(contextFor(), contextFor());
  assert.equal(contextFor(one), contextFor(one));
  assert.notEqual(contextFor(one), contextFor(two));
  assert.notEqual(contextFor(one), contextFor());
  assert.equal(contextFor(one).hybrid(), contextFor(one).hybrid());
  assert.notEqual(contextFor(one).hybrid(), contextFor(one).classic);
});

test('the least recently used context makes room', { timeout: 60_000 }, () => {
  const contextFor = createTlsContexts();
  const [first = '', ...others] = Array.from(
    { length: tlsContextsMax },
    (_, at) => createAuthority(`${at}`).certPem,
  );
  const context = contextFor(first);
  const system = contextFor();
  for (const pem of others.slice(0, -1)) contextFor(pem);
  assert.equal(contextFor(first), context, 'all of them have room');
  contextFor(others.at(-1));
  assert.equal(contextFor(first), context, 'used again just before');
  assert.notEqual(contextFor(), system, 'not used since');
});
