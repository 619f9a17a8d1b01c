import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIcmpIdentifiers } from './icmp-identifiers.ts';

test('one for each family and source address, 16 bits, and the same each time', () => {
  const identifierOf = createIcmpIdentifiers();
  const sources = Array.from({ length: 1000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  const keys: readonly (readonly [4 | 6, string?])[] = [
    [4],
    [6],
    ...sources.map((source) => [4, source] as const),
  ];
  const identifiers = keys.map((key) => identifierOf(...key));
  assert.equal(new Set(identifiers).size, keys.length);
  assert.ok(identifiers.every((identifier) => identifier >>> 16 === 0));
  assert.deepEqual(
    keys.map((key) => identifierOf(...key)),
    identifiers,
  );
});

test('another namespace begins elsewhere', () => {
  const firsts = Array.from({ length: 8 }, () => createIcmpIdentifiers()(4));
  assert.ok(new Set(firsts).size > 1);
});
