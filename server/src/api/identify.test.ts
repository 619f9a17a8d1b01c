import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { test } from 'node:test';
import { authFileText, authLine, basic, tokens } from '../../test/support/access-table.ts';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import {
  loginCacheAgeMsMax,
  loginChecksAtOnceMax,
  loginChecksWaitingMax,
  loginFailuresMax,
  loginFailureWindowMs,
} from '../lib/limits.ts';
import { type Credentials, parseCredentials } from './credentials.ts';
import { ApiError } from './errors.ts';
import { createAccess, type Visit } from './identify.ts';
import { noTrustedProxies } from './trusted-proxies.ts';

function credentialsOf(text: string): Credentials {
  const result = parseCredentials(text);
  assert.ok(result.ok);
  return result.credentials;
}

/** An access whose scrypt is counted, and held back while a gate is closed. */
function setUp(text = authFileText) {
  const clock = createFakeClock();
  const costs: number[] = [];
  const warnings: object[] = [];
  let running = 0;
  let runningMax = 0;
  let gate: Promise<void> | undefined;
  let credentials = credentialsOf(text);
  const access = createAccess({
    clock,
    log: { warn: (_message, attributes = {}) => void warnings.push(attributes) },
    credentials: () => credentials,
    trustedProxies: noTrustedProxies,
    hostname: 'maglev1',
    scrypt: async (secret, salt, length, cost) => {
      costs.push(cost.N ?? 0);
      running += 1;
      runningMax = Math.max(runningMax, running);
      await gate;
      running -= 1;
      return scryptSync(secret, salt, length, cost);
    },
  });
  const ask = async (more: Partial<Visit>, address = '192.0.2.7') => {
    const connection = { kind: 'tcp', address, isTls: false } as const;
    return access.identify({ connection, headers: {}, requestId: 'r1', ...more });
  };
  const login = (name: string, secret: string, address?: string) =>
    ask({ password: { name, secret } }, address).then(
      ({ role }) => role as string,
      (error: unknown) => {
        assert.ok(error instanceof ApiError, String(error));
        return error.headers['retry-after'] ? `${error.code} ${error.headers['retry-after']}` : error.code;
      },
    );
  return {
    clock,
    costs,
    warnings,
    ask,
    login,
    runningMax: () => runningMax,
    setFile: (next: string) => {
      credentials = credentialsOf(next);
    },
    closeGate: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return () => {
        gate = undefined;
        resolve();
      };
    },
  };
}

test('an unknown name costs what a known one costs', async () => {
  const dear = authFileText + authLine('carol', 'viewer', 'password', 'x').replace('ln=10', 'ln=11');
  const { costs, login } = setUp(dear);
  const costOf = async (name: string, address: string) => {
    const before = costs.length;
    assert.equal(await login(name, 'wrong', address), 'unauthenticated');
    return costs.slice(before);
  };
  assert.deepEqual(await costOf('alice', '192.0.2.1'), [1024]);
  assert.deepEqual(await costOf('carol', '192.0.2.1'), [2048]);
  const seen = new Set<number>();
  for (let index = 0; index < 40; index++) {
    const [cost = 0, ...more] = await costOf(`eve${index}`, `192.0.2.${index}`);
    assert.deepEqual(more, []);
    assert.deepEqual(await costOf(`eve${index}`, `192.0.2.${index}`), [cost], 'the same each time');
    seen.add(cost);
  }
  assert.deepEqual([...seen].sort(), [1024, 2048]);
});

test('with no password in the file an unknown name still costs a new entry', async () => {
  const { costs, login } = setUp('');
  assert.equal(await login('eve', 'x'), 'unauthenticated');
  assert.deepEqual(costs, [2 ** 15]);
});

test('good credentials are remembered for a while after their last use, wrong ones never', async () => {
  const { clock, costs, login } = setUp();
  for (let index = 0; index < 5; index++) {
    assert.equal(await login('bob', 'bobs'), 'viewer');
    await clock.advance(loginCacheAgeMsMax - 1);
  }
  assert.equal(costs.length, 1);
  await clock.advance(2);
  assert.equal(await login('bob', 'bobs'), 'viewer');
  assert.equal(costs.length, 2);
  assert.equal(await login('bob', 'wrong'), 'unauthenticated');
  assert.equal(await login('bob', 'wrong'), 'unauthenticated');
  assert.equal(costs.length, 4);
});

test('another file ends what was remembered, also in the middle of a check', async () => {
  const { costs, login, setFile, closeGate } = setUp();
  assert.equal(await login('bob', 'bobs'), 'viewer');
  setFile(authLine('bob', 'operator', 'password', 'bobs'));
  assert.equal(await login('bob', 'bobs'), 'operator');
  assert.equal(costs.length, 2);
  const open = closeGate();
  setFile(authFileText);
  const asked = login('bob', 'bobs');
  await new Promise((resolve) => setImmediate(resolve));
  setFile('');
  open();
  assert.equal(await asked, 'unauthenticated');
  assert.equal(await login('bob', 'bobs'), 'unauthenticated');
});

test('failures shut an address out, but not who is known, and not other addresses', async () => {
  const { clock, costs, warnings, login } = setUp();
  assert.equal(await login('bob', 'bobs'), 'viewer');
  for (let index = 0; index < loginFailuresMax; index++) {
    assert.equal(await login('alice', `guess ${index}`), 'unauthenticated');
  }
  const warning = { kind: 'password', user: 'alice', address: '192.0.2.7', requestId: 'r1' };
  assert.deepEqual(warnings, Array(loginFailuresMax).fill(warning));
  await clock.advance(15_000);
  const before = costs.length;
  assert.equal(await login('alice', 'one more'), 'resource_exhausted 45');
  assert.equal(await login('alice', 'pässword: with colon'), 'resource_exhausted 45');
  assert.equal(costs.length, before, 'nothing is checked');
  assert.equal(await login('bob', 'bobs'), 'viewer');
  assert.equal(await login('alice', 'pässword: with colon', '192.0.2.8'), 'operator');
  await clock.advance(loginFailureWindowMs);
  assert.equal(await login('alice', 'guess'), 'unauthenticated');
  assert.equal(await login('hunter2', 'guess'), 'unauthenticated');
  const { user: _user, ...nameless } = warning;
  assert.deepEqual(warnings.at(-1), nameless, 'a password in the wrong field stays out of the log');
  assert.ok(!JSON.stringify(warnings).includes('guess'));
});

test('a garbled token is a failure, too', async () => {
  const { ask } = setUp();
  const bearer = (token: string) => ask({ headers: { authorization: `Bearer ${token}` } });
  for (let index = 0; index < loginFailuresMax; index++) {
    await assert.rejects(bearer(`mglv_${index}`), { code: 'unauthenticated', message: 'unknown token' });
  }
  await assert.rejects(bearer(tokens.operator), { code: 'resource_exhausted' });
});

test('one login many times at once is one check and no failure', async () => {
  const { costs, login, closeGate } = setUp();
  const open = closeGate();
  const asked = Array.from({ length: 5 * loginFailuresMax }, () => login('bob', 'bobs'));
  open();
  assert.deepEqual(new Set(await Promise.all(asked)), new Set(['viewer']));
  assert.equal(costs.length, 1);
});

test('guesses at once are no more than guesses one by one', async () => {
  const { costs, login, closeGate } = setUp();
  const open = closeGate();
  const asked = Array.from({ length: 5 * loginFailuresMax }, (_, index) => login('alice', `guess ${index}`));
  open();
  const answers = await Promise.all(asked);
  assert.equal(answers.filter((answer) => answer === 'unauthenticated').length, loginFailuresMax);
  assert.equal(costs.length, loginFailuresMax);
});

test('few checks at once, some wait, the rest is told to come again', async () => {
  const { login, runningMax, closeGate } = setUp();
  const open = closeGate();
  const room = loginChecksAtOnceMax + loginChecksWaitingMax;
  const asked = Array.from({ length: room + 7 }, (_, index) =>
    login('alice', `x${index}`, `10.0.0.${index}`),
  );
  assert.equal(await asked.at(-1), 'resource_exhausted 1');
  open();
  const answers = await Promise.all(asked);
  assert.equal(answers.filter((answer) => answer === 'unauthenticated').length, room);
  assert.equal(runningMax(), loginChecksAtOnceMax);
  assert.equal(await login('bob', 'bobs', '10.0.0.66'), 'viewer', 'nobody is left waiting');
});

test('names of certificates are tame in a log', async () => {
  const { ask } = setUp();
  const connection = { kind: 'tcp', address: '192.0.2.7', isTls: true } as const;
  const caller = await ask({
    connection: { ...connection, certificateName: `a\nb\u202e${'x'.repeat(500)}` },
  });
  assert.equal(caller.user?.length, 128);
  assert.match(caller.user ?? '', /^a\?b\?x+$/);
});

test('an Authorization header of no known kind is refused', async () => {
  const { ask } = setUp();
  for (const authorization of ['', 'Bearer', 'Bearer  ', 'Bearer a b', 'Digest x', basic('a', 'b')]) {
    await assert.rejects(ask({ headers: { authorization } }), { code: 'unauthenticated' }, authorization);
  }
});
