import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardedHopsMax } from '../lib/limits.ts';
import { canonicalAddress, clientAddress, isProxied, parseTrustedProxies } from './trusted-proxies.ts';

function proxiesOf(text: string) {
  const result = parseTrustedProxies(text);
  assert.ok('proxies' in result, JSON.stringify(result));
  return result.proxies;
}

test('addresses and prefixes of both families', () => {
  const proxies = proxiesOf(' 192.0.2.1, 10.0.0.0/8,2001:db8::/32, ::1 ');
  for (const address of ['192.0.2.1', '10.255.0.1', '2001:db8:ffff::1', '::1']) {
    assert.ok(proxies.has(address), address);
  }
  for (const address of ['192.0.2.2', '11.0.0.0', '2001:db9::', '::2', 'unix', '']) {
    assert.ok(!proxies.has(address), address);
  }
  assert.ok(!proxiesOf('').has('127.0.0.1'));
});

const refused: readonly (readonly [string, RegExp])[] = [
  ['10.0.0.1/8', /^"10\.0\.0\.1\/8" has bits beyond its prefix of 8: give the first address of the network$/],
  ['2001:db8::1/64', /has bits beyond its prefix of 64/],
  ['0.0.0.0/0', /is every address/],
  ['10.0.0.0/33', /has no prefix length between 1 and 32/],
  ['10.0.0.0/8/8', /has no prefix length/],
  ['10.0.0.0/', /has no prefix length/],
  ['proxy.example', /is not an IPv4 or IPv6 address/],
  ['10.0.0.1,', /"" is empty: leave out the comma/],
  ['::ffff:10.0.0.1', /mixes IPv6 with dotted IPv4/],
  ['10.0.0.1 10.0.0.2', /is not an IPv4/],
  [Array(300).fill('10.0.0.1').join(), /more than 256 entries/],
];
for (const [text, refusal] of refused) {
  test(`refused: ${text.slice(0, 30)}`, () => {
    const result = parseTrustedProxies(text);
    assert.ok('refusal' in result);
    assert.match(result.refusal, refusal);
  });
}

test('an address has one form', () => {
  assert.equal(canonicalAddress('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(canonicalAddress('::ffff:c000:201'), '192.0.2.1');
  assert.equal(canonicalAddress('2001:DB8:0:0::1'), '2001:db8::1');
  assert.equal(canonicalAddress('fe80::1%eth0'), 'fe80::1');
  for (const text of ['', 'unix', '192.0.2', '01.2.3.4', '1.2.3.4:80']) {
    assert.equal(canonicalAddress(text), undefined, text);
  }
});

const proxies = proxiesOf('192.0.2.80, 192.0.2.81');
const client = (forwarded: string | string[] | undefined, peer = '192.0.2.80') =>
  clientAddress(peer, { 'x-forwarded-for': forwarded }, proxies);

test('the client is the rightmost address that is no trusted proxy', () => {
  assert.equal(client(undefined), '192.0.2.80');
  assert.equal(client('198.51.100.1'), '198.51.100.1');
  assert.equal(client('127.0.0.1, 198.51.100.1'), '198.51.100.1');
  assert.equal(client('10.0.0.1 ,198.51.100.1,192.0.2.81'), '198.51.100.1');
  assert.equal(client(['10.0.0.1', '198.51.100.1, 192.0.2.81']), '198.51.100.1');
  assert.equal(client('192.0.2.81, 192.0.2.80'), '192.0.2.81');
  assert.equal(client('[2001:db8::1]:4711'), '2001:db8::1');
  assert.equal(client('198.51.100.1:4711'), '198.51.100.1');
  assert.equal(client('::ffff:198.51.100.1'), '198.51.100.1');
});

test('what cannot be read, and what a stranger says, counts for nothing', () => {
  for (const text of ['', 'unknown', '198.51.100.1,', '198.51.100.1, _hidden', 'a.b', '198.51.100.1 1']) {
    assert.equal(client(text), '192.0.2.80', text);
  }
  assert.equal(client('198.51.100.1', '203.0.113.1'), '203.0.113.1');
  // Garbage left of the client was written by the client.
  assert.equal(client('<script>, 198.51.100.1'), '198.51.100.1');
  const long = Array(forwardedHopsMax + 1).fill('192.0.2.81');
  assert.equal(client(['198.51.100.1', ...long].join()), '192.0.2.80');
});

test('a request is proxied when it says so or comes from a proxy', () => {
  assert.ok(isProxied('127.0.0.1', { via: '' }, proxies));
  assert.ok(isProxied('192.0.2.80', {}, proxies));
  assert.ok(!isProxied('127.0.0.1', { host: 'x', 'x-request-id': '1' }, proxies));
});
