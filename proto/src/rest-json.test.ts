// Held: what REST says survives the way through a message and its bytes, for any message of the contract.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { create, fromBinary, ScalarType, toBinary } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import {
  BackendSchema,
  BackendState,
  EventSchema,
  file_maglev_v1_maglev,
  GetVPPLBCountersResponseSchema,
  ListBackendsRequestSchema,
  ListBackendsResponseSchema,
  SetFrontendPoolBackendWeightRequestSchema,
  VPPEventKind,
} from '@vpp-maglev/proto/maglev';
import * as fc from 'fast-check';
import { fromRestJson, RestJsonError, toRestJson, wordOf } from './rest-json.ts';

const backend = {
  name: 'b1',
  address: '10.0.0.1',
  healthcheck: 'http-ok',
  enabled: false,
  state: 'up',
  code: 'L7OK',
  since: '2026-11-23T12:00:00.000Z',
  counter: { value: 0, rise: 2, fall: 3 },
  lastProbe: { at: '2026-11-23T12:00:01.250Z', ok: true, code: 'L7OK', detail: '', duration: '0.000125s' },
  transitions: [{ from: 'unknown', to: 'up', at: '2026-11-23T12:00:00.000Z', code: 'L7OK', detail: 'x' }],
  frontends: [],
};

/** Through a message, its bytes, and back. */
function roundTrip(schema: DescMessage, json: unknown): unknown {
  return toRestJson(schema, fromBinary(schema, toBinary(schema, fromRestJson(schema, json))));
}

test('a backend as REST has it, the same after the way through bytes, in the same order', () => {
  assert.equal(JSON.stringify(roundTrip(BackendSchema, backend)), JSON.stringify(backend));
});

test('words, presence and 64-bit counters', () => {
  const message = fromRestJson(BackendSchema, backend);
  assert.equal(message.state, BackendState.UP);
  assert.equal(message.detail, undefined);
  const counters = { at: '2026-11-23T12:00:00.000Z', vips: [{ ...vip, next: 2 ** 53 - 1, routeBytes: 0 }] };
  const read = fromRestJson(GetVPPLBCountersResponseSchema, counters);
  assert.equal(read.vips[0]?.next, 9007199254740991n);
  assert.equal(read.vips[0]?.routePackets, undefined);
  assert.deepEqual(roundTrip(GetVPPLBCountersResponseSchema, counters), counters);
  const event = {
    at: '2026-11-23T12:00:00.000Z',
    kind: 'log',
    log: { ...line, attributes: { a: [1, null] } },
  };
  assert.deepEqual(roundTrip(EventSchema, event), event);
});
const vip = { prefix: '10.1.0.1/32', protocol: 'tcp', next: 0, first: 0, untracked: 0, noServer: 0 };
const line = { level: 'info', message: 'x', attributes: {} };

test('a request: nothing is shown of what was not said', () => {
  const schema = SetFrontendPoolBackendWeightRequestSchema;
  const names = { frontend: 'f', pool: 'p', backend: 'b' };
  assert.deepEqual(toRestJson(schema, create(schema, names)), names);
  assert.deepEqual(toRestJson(schema, create(schema, { ...names, weight: 0, flush: false })), {
    ...names,
    weight: 0,
    flush: false,
  });
  assert.deepEqual(toRestJson(BackendSchema, create(BackendSchema)), {
    name: '',
    address: '',
    enabled: false,
    transitions: [],
    frontends: [],
  });
});

test('a value that this side does not know is shown as its number, a missing one in a list too', () => {
  assert.equal(toRestJson(BackendSchema, create(BackendSchema, { state: 99 as BackendState }))['state'], 99);
  const request = create(ListBackendsRequestSchema, { state: [BackendState.DOWN, 0, 99 as BackendState] });
  assert.deepEqual(toRestJson(ListBackendsRequestSchema, request), { state: ['down', 0, 99] });
});

test('words of an enum whose name begins with capitals, and words of two parts', () => {
  const vpp = { what: 'table-mismatch', message: 'x' };
  const event = { at: '2026-11-23T12:00:00.000Z', kind: 'vpp', vpp };
  assert.equal(fromRestJson(EventSchema, event).vpp?.what, VPPEventKind.VPP_EVENT_KIND_TABLE_MISMATCH);
  assert.deepEqual(roundTrip(EventSchema, event), event);
});

test('times and durations of every fineness', () => {
  const probe = (at: string, duration: string) => ({ ...backend.lastProbe, at, duration });
  const times = ['2026-11-23T12:00:00.000Z', '2026-11-23T12:00:00.000001Z', '1969-12-31T23:59:59.999999999Z'];
  for (const at of times) {
    for (const duration of ['0s', '2s', '0.500s', '-0.500s', '86400.000001s', '-3.000000001s']) {
      const json = { ...backend, lastProbe: probe(at, duration) };
      assert.deepEqual(roundTrip(BackendSchema, json), json);
    }
  }
  const zoned = fromRestJson(BackendSchema, { since: '2026-11-23T13:30:00.5+01:30' });
  assert.equal(toRestJson(BackendSchema, zoned)['since'], '2026-11-23T12:00:00.500Z');
});

const refused: readonly (readonly [json: unknown, message: string])[] = [
  [{ ...backend, colour: 'red' }, 'colour: is no field of Backend'],
  [{ lastProbe: { when: 1 } }, 'lastProbe.when: is no field of LastProbe'],
  [{ last_probe: {} }, 'last_probe: is no field of Backend'],
  [{ transitions: [{}, { to: 'UP' }] }, 'transitions.1.to: must be one of unknown, up, down'],
  [{ state: 'unspecified' }, 'state: must be one of'],
  [{ state: 2 }, 'state: must be one of'],
  [{ enabled: 'true' }, 'enabled: must be boolean'],
  [{ name: null }, 'name: must be string'],
  [{ counter: { value: -1 } }, 'counter.value: must be an integer'],
  [{ counter: { value: 2 ** 32 } }, 'counter.value: must be an integer'],
  [{ counter: [] }, 'counter: must be object'],
  [{ transitions: {} }, 'transitions: must be array'],
  [{ since: 'yesterday' }, 'since: must be a time'],
  [{ since: '2026-13-23T12:00:00Z' }, 'since: must be a time'],
  [{ lastProbe: { duration: '5' } }, 'lastProbe.duration: must be a duration'],
  [[], 'the whole: must be object'],
];
for (const [json, message] of refused) {
  test(`refused: ${message}`, () => {
    assert.throws(
      () => fromRestJson(BackendSchema, json),
      (error) => error instanceof RestJsonError && error.message.startsWith(message),
    );
  });
}

// --- any message of the contract

const instant = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const duration = fc.integer({ min: 1, max: 1e9 }).map((ms) => {
  const fraction = ms % 1000 === 0 ? '' : `.${String(ms % 1000).padStart(3, '0')}`;
  return `${Math.floor(ms / 1000)}${fraction}s`;
});
const key = fc.string({ minLength: 1 }).filter((name) => name !== '__proto__');

function single(field: DescField): fc.Arbitrary<unknown> {
  if (field.enum) {
    const words = field.enum.values.filter(({ number }) => number > 0);
    return fc.constantFrom(...words.map(({ name }) => wordOf(field.enum, name)));
  }
  if (field.message?.typeName === 'google.protobuf.Timestamp') return instant;
  if (field.message?.typeName === 'google.protobuf.Duration') return duration;
  if (field.message?.typeName === 'google.protobuf.Struct') {
    const value = fc.jsonValue({ maxDepth: 2 });
    // Minus zero is not told apart in JSON.
    return fc
      .dictionary(key, value, { maxKeys: 3 })
      .map((json) => JSON.stringify(json))
      .filter((text) => !text.includes('__proto__'))
      .map((text) => JSON.parse(text));
  }
  if (field.message) return jsonOf(field.message);
  if (field.scalar === ScalarType.BOOL) return fc.boolean();
  if (field.scalar === ScalarType.UINT32) return fc.integer({ min: 0, max: 2 ** 32 - 1 });
  if (field.scalar === ScalarType.UINT64) return fc.maxSafeNat();
  return fc.string({ unit: 'grapheme' });
}

/** JSON that REST could have for a message: what has no presence is there, the rest may be. */
function jsonOf(schema: DescMessage): fc.Arbitrary<unknown> {
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  const required: string[] = [];
  for (const field of schema.fields) {
    if (field.fieldKind === 'list') model[field.jsonName] = fc.array(single(field), { maxLength: 2 });
    else if (field.fieldKind === 'map') {
      model[field.jsonName] = fc.dictionary(key, fc.string(), {
        minKeys: 1,
        maxKeys: 3,
        noNullPrototype: true,
      });
    } else model[field.jsonName] = single(field);
    if (
      field.fieldKind === 'list' ||
      (field.fieldKind === 'scalar' && field.presence === FeatureSet_FieldPresence.IMPLICIT)
    ) {
      required.push(field.jsonName);
    }
  }
  return fc.record(model, { requiredKeys: required, noNullPrototype: true });
}

test('whatever REST can say survives the way through the bytes', () => {
  for (const schema of file_maglev_v1_maglev.messages) {
    const check = fc.property(jsonOf(schema), (json) => {
      assert.deepEqual(roundTrip(schema, json), json);
    });
    fc.assert(check, { numRuns: 30, seed: 4 });
  }
});

test('bytes from anywhere that make a message make JSON, or are refused as no time', () => {
  for (const schema of file_maglev_v1_maglev.messages) {
    const check = fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const message = parse(schema, bytes);
      if (message !== undefined) assert.equal(typeof toRestJson(schema, message), 'object');
    });
    fc.assert(check, { numRuns: 100, seed: 4 });
  }
});

function parse(schema: DescMessage, bytes: Uint8Array) {
  try {
    return fromBinary(schema, bytes);
  } catch (error) {
    assert.ok(error instanceof Error);
    return undefined;
  }
}

test('a list of 1,000 backends takes far less than a probe interval', () => {
  const json = { backends: Array.from({ length: 1000 }, () => backend) };
  const times = Array.from({ length: 9 }, () => {
    const startMs = performance.now();
    const message = fromRestJson(ListBackendsResponseSchema, json);
    toRestJson(ListBackendsResponseSchema, message);
    return performance.now() - startMs;
  });
  const medianMs = times.toSorted((a, b) => a - b)[4] ?? Number.POSITIVE_INFINITY;
  assert.ok(medianMs < 100, `${medianMs} ms`);
});
