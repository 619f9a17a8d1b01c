// Random requests to every operation, right and wrong ones, as REST and as Connect JSON: never an error of
// ours, never a crash, and nothing changed by what was refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import type { TSchema } from 'typebox';
import { type Operation, operations } from '../../src/api/operations.ts';
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts';

const unary = operations.filter(({ streams }) => !streams);
const runs = 1500;

const names = fc.constantFrom('b1', 'b2', 'fixed', 'www', 'all', 'primary', 'standby', 'http-ok', 'ping');
const strangeText = fc.oneof(
  names,
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.constantFrom(
    '',
    '__proto__',
    'constructor',
    '../..',
    '%00',
    'a'.repeat(5000),
    '\u0000',
    '1e309',
    'null',
  ),
);
const strange = fc.oneof(
  strangeText,
  fc.jsonValue(),
  fc.constantFrom<unknown>(null, -1, 1.5, 2 ** 53, 101, [], {}, [[]], true, 'true'),
);

/** A value that fits the schema, more or less: names are among those that there are. */
function fitting(schema: TSchema): fc.Arbitrary<unknown> {
  const { type, enum: words, items } = schema as { type?: string; enum?: unknown[]; items?: TSchema };
  if (words) return fc.constantFrom(...words);
  if (type === 'boolean') return fc.boolean();
  if (type === 'integer') return fc.integer({ min: 0, max: 100 });
  if (type === 'array' && items) return fc.array(fitting(items), { minLength: 1, maxLength: 3 });
  return names;
}

const sometimes = <T>(value: fc.Arbitrary<T>, wrong: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 6, arbitrary: value as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: wrong });

function fields({ properties }: Operation['body']): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.entries(properties).map(([name, schema]) => [
    name,
    sometimes(fitting(schema as TSchema), strange),
  ]);
  const known = fc.record(Object.fromEntries(entries), { requiredKeys: [] });
  const unknown = sometimes(fc.constant({}), fc.dictionary(strangeText, strange, { maxKeys: 2 }));
  return fc.tuple(known, unknown).map(([own, other]) => ({ ...own, ...(other as object) }));
}

// Not `application/proto`: bytes that are no message are an internal error to Connect's library.
const contentTypes = sometimes(
  fc.constant('application/json'),
  fc.constantFrom('text/plain', 'application/json; charset=latin1', 'application/xml', 'x'),
);

/** Of the verbs those that Fastify's `inject` knows. */
const verbs = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'] as const;

function overRest(operation: Operation): fc.Arbitrary<InjectOptions> {
  const segments = Object.keys(operation.params.properties).map(() => sometimes(names, strangeText));
  return fc
    .record({
      names: fc.tuple(...segments),
      query: fields(operation.query),
      body: fields(operation.body),
      method: sometimes(fc.constant(operation.verb), fc.constantFrom(...verbs)),
      type: contentTypes,
      raw: sometimes(fc.constant(undefined), fc.string({ unit: 'binary' })),
    })
    .map((parts) => {
      const values = [...parts.names];
      const path = operation.path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(String(values.shift())));
      const pairs = Object.entries(parts.query).flatMap(([name, value]) =>
        [value].flat().map((each) => [name, typeof each === 'string' ? each : JSON.stringify(each)]),
      );
      const query = new URLSearchParams(pairs as string[][]).toString();
      const method = parts.method as 'GET';
      const hasBody = method !== ('GET' as string) && method !== ('HEAD' as string);
      return {
        method,
        url: `/api/v1${path}${query === '' ? '' : `?${query}`}`,
        ...(hasBody && {
          payload: String(parts.raw ?? JSON.stringify(parts.body)),
          headers: { 'content-type': String(parts.type) },
        }),
      };
    });
}

function overConnect(operation: Operation): fc.Arbitrary<InjectOptions> {
  const all = { ...operation.params.properties, ...operation.query.properties, ...operation.body.properties };
  return fc
    .tuple(fields({ ...operation.body, properties: all } as Operation['body']), contentTypes)
    .map(([message, type]) => ({
      method: 'POST',
      url: `/maglev.v1.MaglevService/${operation.rpc}`,
      payload: JSON.stringify(message),
      headers: { 'content-type': String(type) },
    }));
}

const requests = fc
  .constantFrom(...unary)
  .chain((operation) => fc.oneof(overRest(operation), overConnect(operation)));

async function ask(daemon: TestDaemon, options: InjectOptions) {
  let isDone = false;
  const answer = Promise.resolve(daemon.api.inject(options)).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await daemon.clock.advance(0);
    await setImmediate();
  }
  return answer;
}

/** All that a client could see changed. */
async function picture(daemon: TestDaemon): Promise<string> {
  const bodies = [];
  for (const path of ['backends', 'frontends', 'overrides', 'vpp/lb/state']) {
    bodies.push((await ask(daemon, { url: `/api/v1/${path}` })).body);
  }
  return bodies.join('\n');
}

/** Time stands still, so that what differs was changed by the request. */
test('no request breaks anything, and a refused one changes nothing', async (t) => {
  const daemon = await startTestDaemon();
  t.after(() => daemon.stop());
  daemon.vpp.delayMs = 0;
  await daemon.clock.advance(60_000);
  const seen = new Map<number, number>();
  let before = await picture(daemon);
  await fc.assert(
    fc.asyncProperty(requests, async (request) => {
      const { statusCode, body } = await ask(daemon, request);
      seen.set(statusCode, (seen.get(statusCode) ?? 0) + 1);
      assert.ok(statusCode < 500, `${statusCode}: ${body}`);
      const after = await picture(daemon);
      if (statusCode >= 300) assert.equal(after, before, `status ${statusCode}: ${body}`);
      before = after;
    }),
    { numRuns: runs, endOnFailure: true },
  );
  const failures = daemon.logged.filter(({ message }) => message === 'request-failed');
  assert.deepEqual(failures, []);
  for (const status of [200, 400, 404, 405, 415]) {
    assert.ok((seen.get(status) ?? 0) >= 10, `status ${status}: ${[...seen].join(' ')}`);
  }
});
