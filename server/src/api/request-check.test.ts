import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '../lib/assert.ts';
import { ApiError } from './errors.ts';
import { operations } from './operations.ts';
import { checkRequest, detailOf, refusedRequest } from './request-check.ts';

const rowOf = (rpc: string) =>
  must(
    operations.find((operation) => operation.rpc === rpc),
    rpc,
  );
const weight = { frontend: 'www', pool: 'primary', backend: 'b1', weight: 5 };

const refused: readonly (readonly [rpc: string, fields: unknown, detail: string])[] = [
  ['GetBackend', {}, "body: must have required property 'backend'"],
  ['GetBackend', null, 'body: must be object'],
  ['GetVersion', { a: 1 }, 'a: is no field of this request'],
  ['SetFrontendPoolBackendWeight', { ...weight, weight: '5' }, 'weight: must be integer'],
  ['ListBackends', { state: ['up', 'gone'] }, 'state.1: must be equal to one of the allowed values'],
  [
    'SetFrontendPoolBackendWeight',
    { ...weight, weight: 101, flush: 1 },
    'weight: must be <= 100; flush: must be boolean',
  ],
];
for (const [rpc, fields, detail] of refused) {
  test(`${rpc} refuses ${JSON.stringify(fields)}`, () => {
    assert.throws(
      () => checkRequest(rowOf(rpc), fields),
      (error) => {
        assert.ok(error instanceof ApiError);
        assert.equal(error.code, 'invalid_argument');
        assert.equal(detailOf(error), `the request does not fit its schema: ${detail}`);
        return true;
      },
    );
  });
}

test('fields of path, query and body are one request, and taken as they are', () => {
  const fields = Object.freeze({ ...weight, reason: 'x' });
  checkRequest(rowOf('SetFrontendPoolBackendWeight'), fields);
  checkRequest(rowOf('ListBackends'), { state: ['up'], frontend: 'www' });
  checkRequest(rowOf('GetVersion'), {});
});

test('an error without faults is its message', () => {
  assert.equal(detailOf(new ApiError('internal', 'why')), 'why');
  assert.equal(detailOf(refusedRequest([])), 'the request does not fit its schema');
});
