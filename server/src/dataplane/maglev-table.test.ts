import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, parseAddress } from '../lib/address.ts';
import { createPrng } from '../lib/prng.ts';
import { buildMaglevTable, countBuckets, hashHalves, predictBuckets, tableKey } from './maglev-table.ts';

function address(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, text);
  return parsed.address;
}

const mask = (1n << 64n) - 1n;
const rotate = (value: bigint, by: bigint) => ((value << by) | (value >> (64n - by))) & mask;

/** The same rule in whole 64-bit numbers, as it is written down. */
function referenceHash(key: bigint): bigint {
  const [p1, p2, p3] = [0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n];
  const [p4, p5] = [0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n];
  const round = (rotate((key * p2) & mask, 31n) * p1) & mask;
  const start = (0x9e3779b97f4a7c13n + p5 + 8n) & mask;
  let hash = (rotate(start ^ round, 27n) * p1 + p4) & mask;
  hash = ((hash ^ (hash >> 33n)) * p2) & mask;
  hash = ((hash ^ (hash >> 29n)) * p3) & mask;
  return hash ^ (hash >> 32n);
}

test('property: the hash in halves is the hash in whole numbers', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: mask }), (key) => {
      const [high, low] = hashHalves(Number(key >> 32n) | 0, Number(key & 0xffffffffn) | 0);
      assert.equal((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0), referenceHash(key));
    }),
    { numRuns: 2000 },
  );
});

/** The table, literally as the rule says, by a second hand. */
function referenceTable(servers: readonly (readonly [Uint8Array, number])[], length: number): number[] {
  const entries = servers.flatMap(([key, weight], index) =>
    Array.from({ length: weight }, (_, replica) => ({ key, index, replica })),
  );
  entries.sort((a, b) => a.replica - b.replica || Buffer.compare(a.key, b.key));
  const size = BigInt(length);
  const walkers = entries.map(({ key, index, replica }) => {
    const view = Buffer.from(key);
    const seed = referenceHash(view.readBigUInt64LE(0) ^ view.readBigUInt64LE(8) ^ BigInt(replica));
    return { index, at: (seed >> 32n) % size, skip: ((seed & 0xffffffffn) | 1n) % size };
  });
  const table = new Array<number>(length).fill(-1);
  let left = walkers.length === 0 ? 0 : length;
  while (left > 0) {
    for (const walker of walkers) {
      while (table[Number(walker.at)] !== -1) walker.at = (walker.at + walker.skip) % size;
      table[Number(walker.at)] = walker.index;
      if (--left === 0) break;
    }
  }
  return table;
}

const server = fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 12 }));

test('property: the table is what the rule says, whatever the order of the servers', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(server, { maxLength: 12, selector: ([text]) => text }),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 0, max: 1000 }),
      (given, lengthBits, shuffle) => {
        const servers = given.flatMap(([text, weight]) => {
          const parsed = parseAddress(text);
          return parsed.ok ? [{ key: tableKey(parsed.address), weight }] : [];
        });
        const length = 2 ** lengthBits;
        const table = buildMaglevTable(servers, length);
        const pairs = servers.map(({ key, weight }) => [key, weight] as const);
        assert.deepEqual([...table], referenceTable(pairs, length));
        const prng = createPrng(shuffle);
        const order = servers.map((_, index) => ({ index, at: prng.next() })).sort((a, b) => a.at - b.at);
        const shuffled = buildMaglevTable(
          order.map(({ index }) => servers[index] as never),
          length,
        );
        assert.deepEqual(
          [...shuffled].map((at) => (at < 0 ? at : order[at]?.index)),
          [...table],
        );
      },
    ),
    { numRuns: 200 },
  );
});

test('nobody with a weight leaves every bucket empty', () => {
  assert.deepEqual(predictBuckets([{ address: address('10.0.0.1'), weight: 0 }], 8), [0]);
  assert.deepEqual([...buildMaglevTable([], 4)], [-1, -1, -1, -1]);
});

test('an IPv4 address stands in the last four bytes', () => {
  assert.deepEqual([...tableKey(address('10.1.2.3'))], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1, 2, 3]);
});

test('shares follow the weights when the table is long enough', () => {
  const servers = [30, 20, 10].map((weight, index) => ({ address: address(`10.0.0.${index + 1}`), weight }));
  const buckets = predictBuckets(servers, 16384);
  assert.equal(
    buckets.reduce((sum, count) => sum + count, 0),
    16384,
  );
  for (const [index, share] of [1 / 2, 1 / 3, 1 / 6].entries()) {
    assert.ok(Math.abs((buckets[index] as number) / 16384 - share) < 0.002, `${buckets}`);
  }
});

/** Share of all buckets that have another owner when one of `count` servers of equal weight is lost. */
function movedByLoss(count: number, length: number, weight: number): number {
  let moved = 0;
  const keys = Array.from({ length: count }, (_, index) => tableKey(address(`10.0.0.${index + 1}`)));
  const before = buildMaglevTable(
    keys.map((key) => ({ key, weight })),
    length,
  );
  for (let lost = 0; lost < count; lost++) {
    const after = buildMaglevTable(
      keys.map((key, index) => ({ key, weight: index === lost ? 0 : weight })),
      length,
    );
    for (let bucket = 0; bucket < length; bucket++) if (before[bucket] !== after[bucket]) moved++;
  }
  assert.deepEqual(countBuckets(before, count).length, count);
  return moved / length / count;
}

/** Per cent of buckets: ours, the original's setting, the ideal. docs/dataplane.md shows them. */
const lossTable = [
  { count: 4, ours: 25.9, original: 36.1, ideal: 25 },
  { count: 8, ours: 14.1, original: 27.5, ideal: 12.5 },
  { count: 16, ours: 8.8, original: 17.5, ideal: 6.3 },
  { count: 32, ours: 6.4, original: 11.4, ideal: 3.1 },
];

for (const { count, ours, original, ideal } of lossTable) {
  test(`losing 1 of ${count} moves ${ours} % (the original: ${original} %, ideal: ${ideal} %)`, () => {
    const percent = (share: number) => Math.round(share * 1000) / 10;
    assert.equal(percent(movedByLoss(count, 16384, 10)), ours);
    assert.equal(percent(movedByLoss(count, 1024, 100)), original);
    assert.equal(percent(1 / count), ideal);
  });
}

test('docs/dataplane.md carries that table', () => {
  const page = readFileSync(new URL('../../../docs/dataplane.md', import.meta.url), 'utf8');
  for (const { count, ours, original, ideal } of lossTable) {
    const row = `| ${count} | ${ours} % | ${original} % | ${ideal} % |`;
    assert.ok(page.includes(row), row);
  }
});
