import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vppErrorName } from './error-names.ts';

const seen: readonly [number, string][] = [
  [-6, 'NO_SUCH_ENTRY'],
  [-70, 'INVALID_MEMORY_SIZE'],
  [-73, 'INVALID_ARGUMENT'],
  [-81, 'VALUE_EXIST'],
  [-97, 'INVALID_ADDRESS_FAMILY'],
  [-165, 'EAGAIN'],
  [-1234, 'UNKNOWN'],
];
for (const [code, name] of seen) {
  test(`${code} is ${name}`, () => assert.equal(vppErrorName(code), name));
}
