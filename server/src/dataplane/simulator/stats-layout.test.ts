import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOutStats, type StatsEntry, statsHeaderBytes } from './stats-layout.ts';

const base = 0x130000000n;
const entries: readonly StatsEntry[] = [
  { t: 'scalar', name: '/sys/heartbeat', value: 7n },
  { t: 'empty' },
  { t: 'simple', name: 'first session packet', rows: [[1n, 2n, 3n], [], [4n]] },
  { t: 'combined', name: '/net/route/to', rows: [[[5n, 500n]]] },
  { t: 'symlink', name: '/link', target: 2, column: 1 },
];

test('pointers lead to vectors, whose length stands before them', () => {
  const { bytes, directory } = layOutStats(entries, base);
  const at = (pointer: bigint) => Number(pointer - base) - statsHeaderBytes;
  const length = (pointer: bigint) => bytes.readUInt32LE(at(pointer) - 8);
  const word = (pointer: bigint, index: number) => bytes.readBigUInt64LE(at(pointer) + 8 * index);
  const entry = (index: number) =>
    bytes.subarray(at(directory) + 144 * index, at(directory) + 144 * (index + 1));
  const name = (index: number) => entry(index).toString('latin1', 16, entry(index).indexOf(0, 16));

  assert.equal(length(directory), 5);
  assert.deepEqual(
    entries.map((_, index) => [entry(index).readUInt32LE(0), name(index)]),
    [
      [1, '/sys/heartbeat'],
      [5, ''],
      [2, 'first session packet'],
      [3, '/net/route/to'],
      [6, '/link'],
    ],
  );
  assert.equal(entry(0).readBigUInt64LE(8), 7n);
  const rows = entry(2).readBigUInt64LE(8);
  assert.equal(length(rows), 3);
  assert.deepEqual(
    [0, 1, 2].map((row) => length(word(rows, row))),
    [3, 0, 1],
  );
  assert.equal(word(word(rows, 0), 2), 3n);
  assert.equal(word(word(rows, 2), 0), 4n);
  const [combined] = [word(entry(3).readBigUInt64LE(8), 0)];
  assert.deepEqual([length(combined), word(combined, 0), word(combined, 1)], [1, 5n, 500n]);
  assert.deepEqual([entry(4).readUInt32LE(8), entry(4).readUInt32LE(12)], [2, 1]);
});

test('the shape changes with names and lengths, not with numbers', () => {
  const shapeOf = (rows: bigint[][]) => layOutStats([{ t: 'simple', name: 'x', rows }], base).shape;
  assert.equal(shapeOf([[1n]]), shapeOf([[2n]]));
  assert.notEqual(shapeOf([[1n]]), shapeOf([[1n, 1n]]));
  assert.notEqual(shapeOf([[1n]]), shapeOf([[1n], [1n]]));
});
