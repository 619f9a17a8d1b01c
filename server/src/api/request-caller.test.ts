import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fastify from 'fastify';
import { authFileText, basic, tokens } from '../../test/support/access-table.ts';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { parseCredentials } from './credentials.ts';
import { ApiError } from './errors.ts';
import { createAccess } from './identify.ts';
import { connectionOf } from './port-connection.ts';
import { clientRequestId, createRequestCaller } from './request-caller.ts';
import { noTrustedProxies } from './trusted-proxies.ts';

/** A server that answers with who asked. */
function setUp(t: TestContext) {
  const result = parseCredentials(authFileText);
  assert.ok(result.ok);
  const access = createAccess({
    clock: createFakeClock(),
    log: { warn: () => undefined },
    credentials: () => result.credentials,
    trustedProxies: noTrustedProxies,
    hostname: 'maglev1',
  });
  const app = fastify({ genReqId: ({ headers }) => clientRequestId(headers) ?? randomUUID() });
  t.after(() => app.close());
  const callers = createRequestCaller(app, { access, connectionOf });
  app.get('/', async (request, reply) => {
    const requestId = request.id;
    try {
      const caller = await callers.callerOf(request);
      return { caller, isSame: caller === (await callers.callerOf(request)), requestId };
    } catch (error) {
      assert.ok(error instanceof ApiError, String(error));
      reply.headers(error.headers);
      return { code: error.code, message: error.message, caller: callers.strangerOf(request), requestId };
    }
  });
  return async (headers: Readonly<Record<string, string>>, remoteAddress = '192.0.2.7') => {
    const answer = await app.inject({ url: '/', headers, remoteAddress });
    return { ...answer.json(), challenge: answer.headers['www-authenticate'] };
  };
}

test('Basic in UTF-8, with colons in the password, whatever the case of its name', async (t) => {
  const ask = setUp(t);
  const authorization = basic('alice', 'pässword: with colon');
  for (const header of [authorization, authorization.replace('Basic', 'bASIC')]) {
    const { caller, isSame } = await ask({ authorization: header });
    assert.deepEqual([caller.user, caller.role, isSame], ['alice', 'operator', true]);
  }
  const token = await ask({ authorization: `Bearer ${tokens.viewer}` });
  assert.deepEqual([token.caller.user, token.caller.role], ['scrape', 'viewer']);
  const none = await ask({});
  assert.deepEqual([none.caller.user, none.caller.role], [undefined, 'viewer']);
});

test('what is no Basic header is refused with a challenge, also from loopback', async (t) => {
  const ask = setUp(t);
  const garbled = ['Basic', 'Basic ', 'Basic %', 'Basic YWxpY2U=', `Basic ${btoa('a\n:b')}`, 'Basic a b'];
  for (const authorization of garbled) {
    for (const address of ['127.0.0.1', '192.0.2.7']) {
      const { code, message, challenge, caller } = await ask({ authorization }, address);
      assert.equal(code, 'unauthenticated', authorization);
      assert.match(message, /is not Basic with name:password in UTF-8 and base64/);
      assert.match(challenge, /^Basic realm="maglevd", charset="UTF-8", Bearer /);
      assert.deepEqual([caller.address, caller.role], [address, 'viewer']);
    }
  }
  const wrong = await ask({ authorization: basic('alice', 'x') }, '127.0.0.1');
  assert.deepEqual([wrong.code, wrong.message], ['unauthenticated', 'wrong name or password']);
});

test("a client's request id is taken over when it is one, and else made", async (t) => {
  const ask = setUp(t);
  for (const id of ['a', 'Ab9._-', 'x'.repeat(64)]) {
    const { requestId, caller } = await ask({ 'x-request-id': id });
    assert.deepEqual([requestId, caller.requestId], [id, id]);
  }
  const made = new Set<string>();
  for (const id of ['', 'x'.repeat(65), 'a b', '"', 'ä']) {
    const { requestId, caller } = await ask({ 'x-request-id': id });
    assert.match(requestId, /^[0-9a-f-]{36}$/);
    assert.equal(caller.requestId, requestId);
    made.add(requestId);
  }
  assert.equal(made.size, 5);
});
