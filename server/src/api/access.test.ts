import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addresses,
  authFileText,
  thisHostname,
  trustedProxiesText,
  type Visitor,
  visitors,
} from '../../test/support/access-table.ts';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { type IdentifiedCaller, isLoopback, requireRole } from './access.ts';
import { parseCredentials } from './credentials.ts';
import { ApiError } from './errors.ts';
import { createAccess } from './identify.ts';
import { operations } from './operations.ts';
import { parseTrustedProxies } from './trusted-proxies.ts';

function parsed() {
  const result = parseCredentials(authFileText);
  const trusted = parseTrustedProxies(trustedProxiesText);
  assert.ok(result.ok && 'proxies' in trusted);
  return { credentials: result.credentials, trustedProxies: trusted.proxies };
}

/** Name and password of a Basic header, as the plugin would give them; what it would refuse: none. */
function passwordOf({ headers }: Visitor) {
  const encoded = /^Basic ([\w+/=]+)$/.exec(headers['authorization'] ?? '')?.[1];
  const [, name, secret] = /^([^:]*):(.*)$/.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  return name === undefined || secret === undefined ? {} : { password: { name, secret } };
}

function visitOf(visitor: Visitor) {
  const { from, headers, certificate } = visitor;
  return {
    connection: {
      kind: from === 'unix' ? ('unix' as const) : ('tcp' as const),
      address: addresses[from],
      isTls: certificate !== undefined,
      ...(certificate !== undefined && { certificateName: certificate }),
    },
    headers: { host: 'maglev1.example:9090', ...headers },
    requestId: 'r1',
    ...passwordOf(visitor),
  };
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'ok';
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error.code;
  }
}

test('every visitor gets what the table says, for every operation', async () => {
  const { credentials, trustedProxies } = parsed();
  for (const visitor of visitors) {
    const create = () =>
      createAccess({
        clock: createFakeClock(),
        log: { warn: () => undefined },
        trustedProxies,
        hostname: thisHostname,
        ...(visitor.hasAuthFile !== false && { credentials: () => credentials }),
      });
    const visit = visitOf(visitor);
    let access = create();
    for (const { rpc, role } of operations) {
      // Who fails comes as if for the first time: the throttle has tests of its own.
      if (visitor.read !== 'ok') access = create();
      const code = await codeOf(async () => requireRole(await access.identify(visit), role, visit.headers));
      assert.equal(code, role === 'viewer' ? visitor.read : visitor.change, `${visitor.name}: ${rpc}`);
    }
    const address = visitor.address ?? addresses[visitor.from];
    assert.equal(access.stranger(visit).address, address, visitor.name);
    if (visitor.read !== 'ok') continue;
    const caller = await access.identify(visit);
    assert.deepEqual(
      [caller.address, caller.user, caller.requestId],
      [address, visitor.user, 'r1'],
      visitor.name,
    );
  }
});

const remote: IdentifiedCaller = {
  role: 'viewer',
  address: '192.0.2.7',
  requestId: 'r1',
  hasAuthFile: false,
};

function refusalOf(caller: IdentifiedCaller, headers = {}): ApiError {
  try {
    requireRole(caller, 'operator', headers);
  } catch (error) {
    assert.ok(error instanceof ApiError);
    return error;
  }
  return assert.fail('was let through');
}

test('refusals say what to configure', () => {
  const texts: readonly (readonly [IdentifiedCaller, string])[] = [
    [
      remote,
      'changes from 192.0.2.7 need credentials: start maglevd with --auth-file (maglevd hash-password ' +
        'makes its entries), or ask from this machine',
    ],
    [
      { ...remote, hasAuthFile: true },
      'changes from 192.0.2.7 need credentials: a password (HTTP Basic) or a bearer token of role operator',
    ],
    [
      { ...remote, user: 'bob', hasAuthFile: true },
      'bob is a viewer and cannot change anything: give it the role operator in the auth file',
    ],
    [
      { ...remote, address: '127.0.0.1', distrust: 'proxy' },
      'changes from 127.0.0.1 (through a proxy, which is never taken for this machine) need credentials: ' +
        'start maglevd with --auth-file (maglevd hash-password makes its entries), or ask from this machine' +
        ' without a proxy',
    ],
    [
      { ...remote, hasAuthFile: true, certificateFault: 'CERT_HAS_EXPIRED' },
      'changes from 192.0.2.7 (its client certificate fails: CERT_HAS_EXPIRED) need credentials: ' +
        'a password (HTTP Basic) or a bearer token of role operator',
    ],
  ];
  for (const [caller, text] of texts) assert.equal(refusalOf(caller).message, text);
});

test('401 names both schemes, to a page only the one that opens no dialog', () => {
  const caller = { ...remote, hasAuthFile: true };
  const challengeTo = (headers: object) => refusalOf(caller, headers).headers['www-authenticate'];
  const both = 'Basic realm="maglevd", charset="UTF-8", Bearer realm="maglevd"';
  assert.equal(challengeTo({}), both);
  assert.equal(challengeTo({ 'sec-fetch-mode': 'navigate' }), both);
  assert.equal(challengeTo({ 'sec-fetch-mode': 'cors' }), 'Bearer realm="maglevd"');
});

test('the host of a request is its :authority over HTTP/2, and a default port may be written out', () => {
  const operator: IdentifiedCaller = { ...remote, role: 'operator' };
  const origin = 'https://lb.example';
  for (const headers of [
    { ':authority': 'lb.example', origin },
    { ':authority': 'lb.example:443', host: 'other.example', origin },
    { host: 'LB.example', origin },
  ]) {
    assert.doesNotThrow(() => requireRole(operator, 'operator', headers));
  }
  for (const headers of [{ origin }, { host: 'lb.example', origin: 'file://lb.example' }]) {
    assert.equal(refusalOf(operator, headers).code, 'permission_denied');
  }
});

test('loopback is 127.0.0.0/8 and ::1, also mapped; nothing else, and no name', () => {
  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(address));
  for (const address of ['128.0.0.1', '::2', '::ffff:10.0.0.1', 'localhost', '', 'unix']) {
    assert.ok(!isLoopback(address));
  }
});
